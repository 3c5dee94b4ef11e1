//! Rebuilds the crate when a model comes, changes or goes: the models are embedded in it.

fn main() {
    println!("cargo:rerun-if-changed=../../models");
}
