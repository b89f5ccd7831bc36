//! Programs that are killed while they work.

use std::{
    io,
    process::{Command, ExitStatus},
    thread,
    time::{Duration, Instant},
};

use crate::Seed;

/// How often and when a program is killed.
#[derive(Clone, Debug)]
pub struct KillLoop {
    /// The shortest life.
    pub earliest: Duration,
    /// The longest life.
    pub latest: Duration,
    /// Decides each life's length.
    pub seed: u64,
    /// After so many kills the program may run to its end.
    pub cap: u32,
}

/// How it went.
#[derive(Debug)]
pub struct Killed {
    /// Lives that were cut short.
    pub kills: u32,
    /// The status of the one life that ended by itself. Not 0 is a finding: a killed program must be able to go on.
    pub last: ExitStatus,
}

impl KillLoop {
    /// Starts `command()` again and again, each time killed at a random moment, until it once ends by itself.
    ///
    /// The kill cannot be caught (`SIGKILL`, `TerminateProcess`). Children of the program are not killed with it.
    pub fn run(&self, mut command: impl FnMut() -> Command) -> io::Result<Killed> {
        let mut seed = Seed::new(self.seed);
        let span = self.latest.saturating_sub(self.earliest).as_micros() as u64;
        let mut kills = 0;
        loop {
            let life = self.earliest + Duration::from_micros(seed.below(span));
            let deadline = (kills < self.cap).then(|| Instant::now() + life);
            let mut child = command().spawn()?;
            let ended = loop {
                if let Some(status) = child.try_wait()? {
                    break Some(status);
                }
                if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                    break None;
                }
                thread::sleep(Duration::from_millis(2));
            };
            if let Some(last) = ended {
                return Ok(Killed { kills, last });
            }
            // It may have ended by itself just now; it is then started once more, which must be harmless.
            child.kill()?;
            child.wait()?;
            kills += 1;
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_killed_up_to_the_cap_and_then_left_alone() {
        let plan = KillLoop { earliest: Duration::ZERO, latest: Duration::from_millis(5), seed: 1, cap: 3 };
        let mut starts = 0;
        let killed = plan
            .run(|| {
                starts += 1;
                let mut command = Command::new("sleep");
                command.arg(if starts > 3 { "0" } else { "60" });
                command
            })
            .unwrap();
        assert_eq!((killed.kills, killed.last.success(), starts), (3, true, 4));
    }
}
