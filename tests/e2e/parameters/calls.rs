// SPDX-License-Identifier: GPL-2.0-only
// Methods and generic functions. Prints like calls.c.
use std::hint::black_box;

pub struct Item {
    pub id: u32,
    pub next: Option<Box<Item>>,
}

pub struct Cart {
    pub total: u64,
}

impl Cart {
    #[inline(never)]
    pub fn add(&mut self, name: &str, item: &Item, price: u64) -> u64 {
        self.total += black_box(price) + black_box(name).len() as u64 + black_box(item).id as u64;
        self.total
    }
}

#[inline(never)]
fn count<T: std::fmt::Display>(x: T, times: i32) -> usize {
    black_box(x).to_string().len() * black_box(times) as usize
}

fn main() {
    let mut cart = Cart { total: 0 };
    let item = Item { id: 5, next: None };
    let names = black_box(["pen", "a pencil"]);
    // Brings the texts into memory.
    let mut n = names.concat().len();
    for i in 0..black_box(40) {
        n += cart.add(names[i % 2], &item, i as u64 % 4) as usize;
        n += count(i as u8, i as i32 % 2);
        n += count(names[i % 2], i as i32 % 2);
    }
    for i in 0..4 {
        println!("shop::Cart::add{{nam={:?},id=\"5\",price=\"{}\"}} 10", names[i % 2], i);
    }
    for i in 0..2 {
        println!("shop::count::<u8>{{times=\"{}\"}} 20\nshop::count::<&str>{{times=\"{}\"}} 20", i, i);
    }
    std::process::exit((n == 0 || item.next.is_some()) as i32);
}
