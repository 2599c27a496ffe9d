//! Tests of the library and the program as others use them; one binary for all of them.

mod store_processes;
