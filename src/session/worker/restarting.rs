//! What the worker does for a restart: one paper a command, and a look at what is behind the gates.

use std::sync::Arc;

use super::Worker;
use crate::session::{
    Command, Event, Failure, RestartSaid, SignAs, Verdicts, accept_differences, authorise_steps, look_at_restart,
    recheck_record, write_divergence,
};

impl Worker {
    /// Signs a paper of a restart, or looks at where it stands.
    pub(super) async fn restart(&mut self, command: Command) -> Result<(), Failure> {
        match command {
            Command::WriteDivergence { words, steps, signer } => {
                let (runbook, _) = self.runbook()?;
                let (database, baseline) = (self.database()?, self.baseline().await?);
                let said =
                    write_divergence(&self.world, &*database, &runbook, &baseline, &words, &steps, &signer).await?;
                self.restarting(&signer, &said).await
            }
            Command::AcceptDifferences { reason, seen, signer } => {
                let database = self.database()?;
                let said =
                    accept_differences(&self.world, &*database, self.book(), &reason, Some(&seen), &signer).await?;
                self.restarting(&signer, &said).await
            }
            Command::AuthoriseSteps { verdicts, reason, seen, signer } => {
                let database = self.database()?;
                let verdicts = Verdicts { verdicts: &verdicts, reason: &reason, seen: Some(&seen) };
                let said = authorise_steps(&self.world, &*database, self.book(), &verdicts, &signer).await?;
                self.restarting(&signer, &said).await
            }
            Command::RecheckRecord { gate, words, signer } => {
                let said = recheck_record(&self.world, &*self.database()?, self.book(), &gate, &words, &signer).await?;
                self.restarting(&signer, &said).await
            }
            Command::LookAtRestart => {
                let look = look_at_restart(&self.world, &*self.database()?, self.book()).await?;
                self.say.say(Event::RestartSeen(Arc::new(look)));
                Ok(())
            }
            other => unreachable!("BUG: {} is no part of a restart", other.words()),
        }
    }

    /// Says what a paper of a restart led to.
    async fn restarting(&self, signer: &SignAs, said: &RestartSaid) -> Result<(), Failure> {
        let led = if said.is_lifted { "; the stop is lifted" } else { "" };
        self.decided(format!("{} {}{led}", signer.principal, said.words)).await
    }
}
