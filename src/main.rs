//! The program `toolsmith`.

fn main() -> std::process::ExitCode {
    toolsmith::cli::main()
}
