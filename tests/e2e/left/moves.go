// SPDX-License-Identifier: GPL-2.0-only

// Goroutines whose stacks grow, that continue in other threads, panic and exit. Prints like left.c.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
)

type counter struct{ n int }

//go:noinline
func (c *counter) add(x int) int {
	c.n += x
	return c.n
}

// The stack moves repeatedly while this runs.
//
//go:noinline
func grow(depth int) int {
	var pad [256]byte
	pad[depth&255] = 1
	if depth == 0 {
		return int(pad[0])
	}
	return grow(depth-1) + int(pad[depth&255])
}

//go:noinline
func panics(x int) int {
	if x%2 == 1 {
		panic("odd")
	}
	return x
}

//go:noinline
func recovers(x int) (r int) {
	defer func() {
		if recover() != nil {
			r = -1
		}
	}()
	return panics(x)
}

//go:noinline
func exits(x int) int {
	if x%2 == 1 {
		runtime.Goexit()
	}
	return x
}

// Continues in any thread.
//
//go:noinline
func parked(c chan int) int {
	runtime.Gosched()
	return <-c
}

func each(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := 0; i < n; i++ {
		i := i
		wg.Add(1)
		go func() {
			defer wg.Done()
			f(i)
		}()
	}
	wg.Wait()
}

func main() {
	c := &counter{}
	right := true
	for i := 0; i < 10; i++ {
		c.add(i)
	}
	each(8, func(i int) {
		if grow(1000+i) != 1001+i {
			right = false
		}
	})
	for i := 0; i < 20; i++ {
		recovers(i)
	}
	each(20, func(i int) { exits(i) })
	channel := make(chan int)
	go func() {
		for i := 0; i < 200; i++ {
			channel <- i
			runtime.Gosched()
		}
	}()
	each(200, func(int) { parked(channel) })
	right = right && c.n == 45
	fmt.Println("main.(*counter).add 10 0 0\nmain.grow", 8*1001+28, "0 0\nmain.panics 10 10 0\n"+
		"main.recovers 20 0 0\nmain.exits 10 10 0\nmain.parked 200 0 0")
	if !right {
		os.Exit(1)
	}
}
