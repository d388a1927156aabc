#![cfg(unix)]
use super::*;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o777
}

fn now() -> OffsetDateTime {
    OffsetDateTime::from(tempfile::tempfile().unwrap().metadata().unwrap().modified().unwrap())
}

#[test]
fn a_replaced_file_is_private_and_leaves_no_temporary_one() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("record.json");
    replace_private(&path, b"one", now()).unwrap();
    replace_private(&path, b"two", now()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"two");
    assert_eq!(mode(&path), 0o600);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}

#[test]
fn a_symlink_is_neither_read_nor_replaced() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("target");
    let link = home.path().join("record.json");
    File::create(&target).unwrap().write_all(b"precious").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    assert!(matches!(read_private(&link, 10), Err(FileError::Symlink(_))));
    assert!(matches!(replace_private(&link, b"x", now()), Err(FileError::Symlink(_))));
    assert_eq!(fs::read(&target).unwrap(), b"precious");
    assert!(is_symlink(&link));
}

#[test]
fn reading_narrows_a_file_that_others_can_read() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("record.json");
    replace_private(&path, b"x", now()).unwrap();
    set_mode(&path, 0o644).unwrap();
    assert_eq!(read_private(&path, 10).unwrap().unwrap().narrowed_from, Some(0o644));
    assert_eq!(mode(&path), 0o600);
    assert_eq!(read_private(&path, 10).unwrap().unwrap().narrowed_from, None);
}

#[test]
fn a_fifo_and_a_file_over_the_limit_are_refused_without_hanging() {
    let home = tempfile::tempdir().unwrap();
    let fifo = home.path().join("fifo");
    // Not by a system call: it has not the same name everywhere.
    assert!(std::process::Command::new("mkfifo").args(["-m", "600"]).arg(&fifo).status().unwrap().success());
    assert!(matches!(read_private(&fifo, 10), Err(FileError::WrongKind { .. })));
    let large = home.path().join("large");
    replace_private(&large, &[b'x'; 11], now()).unwrap();
    assert!(matches!(read_private(&large, 10), Err(FileError::TooLarge { .. })));
    assert!(read_private(&home.path().join("absent"), 10).unwrap().is_none());
}

#[test]
fn directories_are_made_private_with_their_parents_narrowed_where_asked_or_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a/b/chatauth");
    assert_eq!(private_directory(&path, &|| true).unwrap(), None);
    for directory in path.ancestors().take(3) {
        assert_eq!(mode(directory), 0o700, "{}", directory.display());
    }
    set_mode(&path, 0o755).unwrap();
    assert_eq!(private_directory(&path, &|| false).unwrap(), None);
    assert_eq!(mode(&path), 0o755);
    assert_eq!(private_directory(&path, &|| true).unwrap(), Some(0o755));
    assert_eq!(mode(&path), 0o700);
    set_mode(&path, 0o770).unwrap();
    assert!(matches!(private_directory(&path, &|| true), Err(FileError::WritableByOthers { mode: 0o770, .. })));
}

#[test]
fn orphans_of_killed_processes_are_swept_after_a_day_and_not_before() {
    let home = tempfile::tempdir().unwrap();
    let orphan = home.path().join(format!("{TEMPORARY_PREFIX}dead"));
    File::create(&orphan).unwrap();
    let made = OffsetDateTime::from(fs::metadata(&orphan).unwrap().modified().unwrap());
    replace_private(&home.path().join("record.json"), b"x", made + time::Duration::HOUR).unwrap();
    assert!(orphan.exists());
    replace_private(&home.path().join("record.json"), b"x", made + 2 * time::Duration::DAY).unwrap();
    assert!(!orphan.exists());
}

#[test]
fn room_that_was_taken_is_filled_or_given_back() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("record");
    let now = OffsetDateTime::UNIX_EPOCH;
    drop(Reservation::new(&path, 4096, now).unwrap());
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    for content in [&b"short"[..], &[b'x'; 5000]] {
        Reservation::new(&path, 4096, now).unwrap().replace(content).unwrap();
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}
