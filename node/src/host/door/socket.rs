//! The socket itself: where it is, and who may open it.

use std::path::Path;

/// Name of the socket in the data folder.
const SOCKET_FILE: &str = "socket";

#[cfg(unix)]
pub use unix::{Door, connect, listen};

#[cfg(unix)]
mod unix {
    use std::fs::{self, Permissions};
    use std::io;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::path::PathBuf;

    use tokio::net::{UnixListener, UnixStream};

    use super::{Path, SOCKET_FILE};

    /// Longest path of a socket on every system, in bytes.
    const PATH_BYTES_MAX: usize = 103;

    /// The file of the socket, removed when dropped.
    #[derive(Debug)]
    pub struct Door(PathBuf);

    /// Waits for guests.
    #[derive(Debug)]
    pub struct Listener {
        listener: UnixListener,
        /// Whose programs are let in.
        owner: u32,
    }

    /// Opens the socket of a folder. Only who holds the folder's lock may.
    pub fn listen(folder: &Path) -> io::Result<(Listener, Door)> {
        let path = folder.join(SOCKET_FILE);
        // One that was killed has left its socket.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = through_short_path(folder, |short| UnixListener::bind(short))?;
        let door = Door(path);
        fs::set_permissions(&door.0, Permissions::from_mode(0o600))?;
        let owner = fs::metadata(&door.0)?.uid();
        Ok((Listener { listener, owner }, door))
    }

    /// Connects to the socket of a folder.
    pub async fn connect(folder: &Path) -> io::Result<UnixStream> {
        let stream = through_short_path(folder, |short| {
            let stream = std::os::unix::net::UnixStream::connect(short)?;
            stream.set_nonblocking(true)?;
            Ok(stream)
        })?;
        UnixStream::from_std(stream)
    }

    impl Listener {
        /// The next guest.
        pub async fn accept(&mut self) -> io::Result<UnixStream> {
            loop {
                let (stream, _) = self.listener.accept().await?;
                // Whoever came in before the socket's mode was set is turned away here.
                if stream.peer_cred()?.uid() == self.owner {
                    return Ok(stream);
                }
            }
        }
    }

    impl Drop for Door {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    /// Does something with the path of the socket, which must not be long: a long one goes
    /// through an open handle of its folder, where the system has names for those.
    fn through_short_path<T>(
        folder: &Path,
        work: impl FnOnce(&Path) -> io::Result<T>,
    ) -> io::Result<T> {
        use std::os::fd::AsRawFd as _;
        let path = folder.join(SOCKET_FILE);
        if path.as_os_str().len() <= PATH_BYTES_MAX {
            return work(&path);
        }
        let handle = fs::File::open(folder)?;
        let short = PathBuf::from(format!("/proc/self/fd/{}", handle.as_raw_fd()));
        work(&short.join(SOCKET_FILE))
    }
}

#[cfg(not(unix))]
pub use none::{Door, connect, listen};

/// Systems whose sockets have no owner.
#[cfg(not(unix))]
mod none {
    use std::convert::Infallible;
    use std::io;

    use tokio::io::DuplexStream;

    use super::{Path, SOCKET_FILE};

    /// There is none.
    #[derive(Debug)]
    pub struct Door(Infallible);

    /// There is none.
    #[derive(Debug)]
    pub struct Listener(Infallible);

    impl Listener {
        /// Never called.
        pub async fn accept(&mut self) -> io::Result<DuplexStream> {
            match self.0 {}
        }
    }

    /// Fails.
    pub fn listen(folder: &Path) -> io::Result<(Listener, Door)> {
        Err(unsupported(folder))
    }

    /// Fails.
    pub async fn connect(folder: &Path) -> io::Result<DuplexStream> {
        Err(unsupported(folder))
    }

    fn unsupported(folder: &Path) -> io::Error {
        let message = format!("there is no {SOCKET_FILE} in {} here", folder.display());
        io::Error::new(io::ErrorKind::Unsupported, message)
    }
}
