//! Few file descriptors: an error, never a panic, and never a lost login.

use crate::support::sandbox::Sandbox;
use crate::support::stage::{ACCOUNT, wrapped};

#[test]
fn property_83_no_number_of_file_descriptors_makes_it_panic() {
    let sandbox = Sandbox::new();
    sandbox.log_in();
    let record = std::fs::read(sandbox.record_path(ACCOUNT)).unwrap();
    for limit in 3..=16 {
        for words in
            [&["auth", "status"][..], &["spaces", "create", "--name", "x", "--no-input"], &["auth", "import", "-"]]
        {
            let plain = sandbox.command(words);
            let script = format!("ulimit -n {limit}; exec \"$0\" \"$@\"");
            let command = wrapped(&plain, &["sh".as_ref(), "-c".as_ref(), script.as_ref(), plain.get_program()]);
            let finished = sandbox.finish(command);
            assert!(!finished.stderr.contains("panicked"), "{limit} {words:?}: {}", finished.stderr);
            assert!(!matches!(finished.code(), None | Some(101)), "{limit} {words:?}: {}", finished.stderr);
        }
    }
    assert_eq!(std::fs::read(sandbox.record_path(ACCOUNT)).unwrap(), record);
    sandbox.run(["auth", "token", "--no-input"]).success();
}
