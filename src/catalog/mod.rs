//! Tools folders in, catalog rows and problems out.
mod argv;
mod document;
mod draft;
mod fields;
mod foreign;
mod limits;
mod native;
mod programs;
mod schema_loose;
#[cfg(test)]
mod testing;
