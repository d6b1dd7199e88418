// SPDX-License-Identifier: GPL-2.0-only

// Methods that goroutines in several threads call. Inside of them, stacks grow and move, and
// goroutines park. Prints like calls.c.
package main

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
)

type Request struct {
	Method string
	Size   int
	next   *Request
}

type Server struct {
	host string
	gate chan int
}

var ErrOdd = errors.New("odd")

//go:noinline
func grow(depth int) byte {
	var pad [512]byte
	if depth > 0 {
		pad[depth&511] = grow(depth - 1)
	}
	return pad[depth&511]
}

//go:noinline
func (s *Server) Serve(method string, r *Request, ok bool) int {
	<-s.gate
	grow(100)
	runtime.Gosched()
	if !ok {
		return -1
	}
	return len(method) + r.Size
}

//go:noinline
func Double[T any](x T, n int) []T {
	grow(20)
	var all []T
	for i := 0; i < n; i++ {
		all = append(all, x)
	}
	return all
}

//go:noinline
func Check(n int) error {
	if n%2 == 1 {
		return ErrOdd
	}
	return nil
}

//go:noinline
func apply(f func(int) int, n int) int {
	return f(n)
}

func main() {
	const workers, calls = 8, 60
	methods := []string{"GET", "POST", ""}
	s := &Server{"here", make(chan int)}
	var wg sync.WaitGroup

	// Brings the texts into memory.
	s.host += fmt.Sprint(methods, "inner")[:0]
	runtime.GOMAXPROCS(4)
	go func() {
		for i := 0; i < workers*calls; i++ {
			s.gate <- i
		}
	}()
	for w := 0; w < workers; w++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; i < calls; i++ {
				r := &Request{Method: "inner", Size: i % 2, next: &Request{Size: 9}}
				s.Serve(methods[i%3], r, i%2 == 0)
				Double(i%2, i%3)
				Double(methods[i%3], i%3)
				Check(i)
				apply(func(k int) int { return k + i }, i)
			}
		}()
	}
	wg.Wait()
	for i := 0; i < 6; i++ {
		fmt.Printf("main.(*Server).Serve{method=%q,inner=\"inner\",size=\"%d\",next=\"9\",ok=\"%t\"} 80\n",
			methods[i%3], i%2, i%2 == 0)
		fmt.Printf("main.Double[go.shape.int]{x=\"%d\",n=\"%d\"} 80\n", i%2, i%3)
	}
	for i := 0; i < 3; i++ {
		fmt.Printf("main.Double[go.shape.string]{x=%q,n=\"%d\"} 160\n", methods[i], i)
	}
	fmt.Println("main.Check{} 480\nmain.main.func2.1{} 240")
}
