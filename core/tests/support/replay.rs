// A doc test starts what its program finds around it, and runs itself again in there, led by the environment alone.
mod replay {
    use std::future::Future;
    use std::path::Path;
    use std::process::{Command, ExitStatus};

    const IS_PLAYED: &str = "KEYROTOR_GUIDE_IS_PLAYED";

    /// Whether the program ran, as a process of its own, and did what it should: then there is nothing left to do.
    #[must_use]
    pub fn has_run<F: Future<Output = ()>>(play: impl FnOnce() -> F + Send + 'static) -> bool {
        if std::env::var_os(IS_PLAYED).is_some() {
            return false;
        }
        // The program may have a runtime of its own already.
        std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(play());
        })
        .join()
        .unwrap();
        true
    }

    /// The program in `folder`, without the variables that begin with `without`.
    pub async fn run(folder: &Path, without: &str, prepare: impl FnOnce(&mut Command)) -> ExitStatus {
        let mut program = Command::new(std::env::current_exe().unwrap());
        // The names of tests stand in the arguments, where several are one binary.
        program.args(std::env::args_os().skip(1)).current_dir(folder).env(IS_PLAYED, "yes");
        for name in std::env::vars_os().map(|(name, _)| name) {
            if name.to_string_lossy().starts_with(without) {
                program.env_remove(name);
            }
        }
        prepare(&mut program);
        tokio::task::spawn_blocking(move || program.status().unwrap()).await.unwrap()
    }
}
