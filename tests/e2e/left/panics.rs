// SPDX-License-Identifier: GPL-2.0-only
// Panics that unwind. Prints like left.c.
use std::hint::black_box;
use std::panic;

struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        black_box(());
    }
}

#[no_mangle]
#[inline(never)]
pub fn panicker(v: i64) -> i64 {
    if v % 2 == 1 {
        panic!("odd");
    }
    black_box(v)
}

#[no_mangle]
#[inline(never)]
pub fn unwound_through(v: i64) -> i64 {
    let _guard = Guard;
    panicker(v) + 1
}

#[no_mangle]
#[inline(never)]
pub fn recovered(v: i64) -> i64 {
    panic::catch_unwind(|| unwound_through(black_box(v))).unwrap_or(-1)
}

fn main() {
    panic::set_hook(Box::new(|_| {}));
    let sum: i64 = (0..20).map(recovered).sum();
    println!("panicker 10 10 0\nunwound_through 10 10 0\nrecovered 20 0 0");
    std::process::exit((sum != 90 + 10 - 10) as i32);
}
