//! What a request has learnt of a credential, told to whom it concerns: the log, and metrics.

use wayleave_provider::Verdict;

use super::{Lease, Noted};
use crate::gateway::Gateway;
use crate::metrics::CauseLabels;
use crate::world::Target;

impl Gateway {
    /// The target answered, its first byte after so many microseconds.
    pub(crate) fn well(&self, target: &Target, lease: &Lease, first_byte: Option<u64>) {
        let noted = lease.succeeded(first_byte);
        if noted != Noted::default() {
            self.tell(target, noted);
        }
    }

    /// The target failed.
    pub(crate) fn unwell(&self, target: &Target, lease: &Lease, verdict: &Verdict) {
        let noted = lease.failed(verdict, self.recorder.clock.tick());
        if noted != Noted::default() {
            self.tell(target, noted);
        }
    }

    fn tell(&self, target: &Target, noted: Noted) {
        let (credential, provider) = (target.label.credential, &target.label.provider_name);
        if let Some(cause) = noted.rests {
            let labels = CauseLabels { cause: cause.as_str() };
            self.recorder.metrics.rests.get_or_create(&labels).inc();
        }
        if noted.quarantined {
            self.recorder.metrics.quarantines.inc();
            let cause = noted.rests.map_or("", |it| it.as_str());
            tracing::warn!(
                %credential, %provider, cause,
                "a credential was refused again and again and is in quarantine: mend it, or it is tried every five minutes"
            );
        }
        if noted.released {
            tracing::info!(%credential, %provider, "a credential answered and is no longer in quarantine");
        }
    }
}
