//! Detects terminals and reads long lines from them.

use std::io::IsTerminal;

/// Which of the standard streams are terminals.
#[derive(Debug, Clone, Copy)]
pub struct Terminals {
    /// Standard input.
    pub stdin: bool,
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
}

impl Terminals {
    /// Detects which standard streams are terminals.
    pub fn detect() -> Self {
        Self {
            stdin: std::io::stdin().is_terminal(),
            stdout: std::io::stdout().is_terminal(),
            stderr: std::io::stderr().is_terminal(),
        }
    }
}

/// Returns the width of the terminal at standard output, if it is known.
#[cfg(unix)]
pub fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Returns `None`: the width is not detected on this platform.
#[cfg(not(unix))]
pub const fn columns() -> Option<usize> {
    None
}

/// Prepares the console for colours, and returns whether it shows them. The classic console of Windows needs to be told,
/// for both output streams at once.
pub fn enable_colours() -> bool {
    #[cfg(windows)]
    return anstyle_query::windows::enable_ansi_colors() != Some(false);
    #[cfg(not(windows))]
    true
}

#[cfg(unix)]
pub use unix::LineReader;

#[cfg(unix)]
mod unix {
    use std::io;
    use std::os::fd::AsFd;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios};
    use tokio::sync::mpsc;

    /// Longest line, which is longer than any redirected URL; the rest is dropped.
    const LONGEST_LINE: usize = 64 * 1024;

    /// How long the thread waits for input before it checks whether to stop.
    const POLL_INTERVAL: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

    /// How long the input must pause after a line end for a paste to be complete. A terminal delivers a long paste in
    /// pieces, and a URL cut at the end of a piece can look complete.
    const PASTE_IDLE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

    /// Reads lines from standard input, in a thread: nothing that waits for the network ever waits for the keyboard.
    #[derive(Debug)]
    pub struct LineReader {
        lines: mpsc::UnboundedReceiver<String>,
        stop: Arc<AtomicBool>,
        /// The modes of a terminal before.
        before: Option<Termios>,
    }

    impl LineReader {
        /// Starts reading lines that people type and edit.
        ///
        /// # Errors
        /// No thread can be started.
        pub fn new() -> io::Result<Self> {
            Self::start(None)
        }

        /// Starts reading pastes, without a terminal's own limit of a line (4,096 bytes on Linux, 1,024 on macOS).
        ///
        /// A terminal's canonical mode is switched off while the reader lives and put back when it is dropped. Signals stay
        /// on, so that Ctrl-C still works, and the terminal still shows what is typed.
        ///
        /// # Errors
        /// The modes of the terminal cannot be set, or no thread can be started.
        pub fn for_pastes() -> io::Result<Self> {
            let before = rustix::termios::tcgetattr(io::stdin()).ok();
            if let Some(mut raw) = before.clone() {
                // Outside canonical mode ECHOCTL would show Enter as ^J.
                raw.local_modes.remove(LocalModes::ICANON | LocalModes::ECHOCTL);
                raw.special_codes[SpecialCodeIndex::VMIN] = 1;
                raw.special_codes[SpecialCodeIndex::VTIME] = 0;
                rustix::termios::tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
            }
            Self::start(before)
        }

        fn start(before: Option<Termios>) -> io::Result<Self> {
            let (sender, lines) = mpsc::unbounded_channel();
            let reader = Self { lines, stop: Arc::default(), before };
            let (stopped, is_raw) = (Arc::clone(&reader.stop), reader.before.is_some());
            std::thread::Builder::new().spawn(move || read_lines(&sender, &stopped, is_raw))?;
            Ok(reader)
        }

        /// Returns the text up to a line end after which the input pauses; `None` at the end of input.
        ///
        /// Lines that arrive together are returned together, because a URL copied from a wrapped display is pasted as several
        /// lines.
        pub async fn paste(&mut self) -> Option<String> {
            self.lines.recv().await
        }
    }

    impl Drop for LineReader {
        fn drop(&mut self) {
            self.stop.store(true, Ordering::Relaxed);
            if let Some(before) = &self.before {
                let _ = rustix::termios::tcsetattr(io::stdin(), OptionalActions::Now, before);
            }
        }
    }

    fn read_lines(lines: &mpsc::UnboundedSender<String>, stop: &AtomicBool, is_raw: bool) {
        let stdin = io::stdin();
        let mut pending = Vec::new();
        let mut total = 0;
        // A pipe that never ends holds no address.
        while !stop.load(Ordering::Relaxed) && (is_raw || total <= LONGEST_LINE) {
            let mut waiting = [PollFd::new(&stdin, PollFlags::IN)];
            match poll(&mut waiting, Some(&POLL_INTERVAL)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                Ok(_) => {}
                Err(_) => return,
            }
            let mut buffer = [0; 4096];
            let Ok(count) = rustix::io::read(stdin.as_fd(), &mut buffer) else { return };
            let arrived = &buffer[..count];
            total += count;
            // Without canonical mode Ctrl-D arrives as a byte.
            if count == 0 || (is_raw && pending.is_empty() && arrived == [4]) {
                // The last line of a pipe may have no end.
                if !pending.is_empty() {
                    let _ = lines.send(String::from_utf8_lossy(&pending).into_owned());
                }
                return;
            }
            for &byte in arrived {
                match byte {
                    // Backspace, which canonical mode would handle, of a whole character.
                    8 | 127 => while pending.pop().is_some_and(|byte| byte & 0xC0 == 0x80) {},
                    _ if pending.len() < LONGEST_LINE => pending.push(byte),
                    _ => {}
                }
            }
            if !matches!(arrived.last(), Some(b'\n' | b'\r')) {
                continue;
            }
            let mut more = [PollFd::new(&stdin, PollFlags::IN)];
            let idle = poll(&mut more, Some(&PASTE_IDLE)) == Ok(0);
            // macOS polls no /dev/tty.
            if idle || more[0].revents().contains(PollFlags::NVAL) {
                let line = String::from_utf8_lossy(&pending).into_owned();
                pending.clear();
                if lines.send(line).is_err() {
                    return;
                }
            }
        }
    }
}

#[cfg(not(unix))]
pub use other::LineReader;

#[cfg(not(unix))]
mod other {
    use std::io;
    use std::sync::{Arc, LazyLock};

    use tokio::sync::{Mutex, mpsc};

    type Lines = Arc<Mutex<mpsc::UnboundedReceiver<String>>>;

    /// What the thread reads. Nothing stops a thread that waits for a line, so one serves all readers: a second one would
    /// lose its first line to it.
    static LINES: LazyLock<Lines> = LazyLock::new(|| {
        let (sender, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || io::stdin().lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Arc::new(Mutex::new(lines))
    });

    /// Reads lines from standard input in a thread.
    #[derive(Debug)]
    pub struct LineReader {
        lines: Lines,
    }

    impl LineReader {
        /// Starts reading.
        pub fn new() -> io::Result<Self> {
            Self::for_pastes()
        }

        /// Starts reading.
        pub fn for_pastes() -> io::Result<Self> {
            Ok(Self { lines: Arc::clone(&LINES) })
        }

        /// Returns the next line; `None` at the end of input.
        pub async fn paste(&mut self) -> Option<String> {
            self.lines.lock().await.recv().await
        }
    }
}
