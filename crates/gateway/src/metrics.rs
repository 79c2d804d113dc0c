//! Every metric we export, in one struct.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use wayleave_model::NanoUsd;
use wayleave_model::job::JobState;
use wayleave_model::record::{Attempt, Identity, Outcome};

/// What is counted. Labels are types, so that their number can be judged in review.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    attempts: Family<AttemptLabels, Counter>,
    tokens: Family<TokenLabels, Counter>,
    /// Of `tokens`: looked up once, not with each request.
    input_tokens: Counter,
    /// The same.
    output_tokens: Counter,
    cost_nanos: Counter,
    duration: Histogram,
    first_token: Histogram,
    overhead: Histogram,
    /// Requests without a valid key, by the code they were refused with.
    pub refused_keys: Family<CodeLabels, Counter>,
    /// Requests under way.
    pub in_flight: Gauge,
    /// Finished requests that could not be recorded.
    pub spool_failures: Counter,
    /// Bytes of the spool that are not in the database yet.
    pub spool_lag: Gauge,
    /// Rows written by the follower.
    pub settled: Counter,
    /// Batches the follower could not write, to be tried again.
    pub settle_failures: Counter,
    /// Requests to addresses that show a wrong set-up (a doubled `/v1`, a pasted operation).
    pub setup_problems: Family<CodeLabels, Counter>,
    /// Times a credential began to rest, by cause.
    pub rests: Family<CauseLabels, Counter>,
    /// Times a credential went into quarantine.
    pub quarantines: Counter,
    /// Credentials in quarantine, with those that are so for one model only.
    pub quarantined: Gauge<i64>,
    /// The configuration's revision.
    pub revision: Gauge<i64>,
    /// Seconds since the database was last heard of.
    pub database_silence: Gauge<f64, AtomicU64>,
    /// Jobs of all nodes, by state.
    jobs: Family<StateLabels, Gauge>,
}

/// Labels of `wayleave_requests`.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct RequestLabels {
    surface: String,
    status: u16,
    end: &'static str,
}

/// Labels of `wayleave_attempts`.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct AttemptLabels {
    provider: String,
    verdict: String,
}

/// Labels of `wayleave_tokens`.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct TokenLabels {
    side: &'static str,
}

/// Labels of `wayleave_jobs`.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct StateLabels {
    state: &'static str,
}

/// One code of the taxonomy.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct CodeLabels {
    /// The code.
    pub code: &'static str,
}

/// Why something rests.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct CauseLabels {
    /// The cause.
    pub cause: &'static str,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let seconds = || Histogram::new(exponential_buckets(0.005, 2.0, 16));
        let tokens = Family::<TokenLabels, Counter>::default();
        let side = |side| tokens.get_or_create_owned(&TokenLabels { side });
        let mut metrics = Metrics {
            input_tokens: side("input"),
            output_tokens: side("output"),
            registry: Registry::with_prefix("wayleave"),
            requests: Family::default(),
            attempts: Family::default(),
            tokens,
            cost_nanos: Counter::default(),
            duration: seconds(),
            first_token: seconds(),
            overhead: Histogram::new(exponential_buckets(0.000_05, 2.0, 14)),
            refused_keys: Family::default(),
            in_flight: Gauge::default(),
            spool_failures: Counter::default(),
            spool_lag: Gauge::default(),
            settled: Counter::default(),
            settle_failures: Counter::default(),
            setup_problems: Family::default(),
            rests: Family::default(),
            quarantines: Counter::default(),
            quarantined: Gauge::default(),
            revision: Gauge::default(),
            database_silence: Gauge::default(),
            jobs: Family::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let r = &mut self.registry;
        r.register("requests", "Requests that ended", self.requests.clone());
        r.register("attempts", "Calls to providers that ended", self.attempts.clone());
        r.register("tokens", "Tokens consumed", self.tokens.clone());
        r.register("cost_nanos", "Billionths of a US dollar spent", self.cost_nanos.clone());
        r.register_with_unit(
            "request_duration",
            "From admission to the end",
            Unit::Seconds,
            self.duration.clone(),
        );
        r.register_with_unit(
            "first_token",
            "From admission to the first semantic event",
            Unit::Seconds,
            self.first_token.clone(),
        );
        r.register_with_unit(
            "overhead",
            "From admission to the upstream request",
            Unit::Seconds,
            self.overhead.clone(),
        );
        r.register("refused_keys", "Requests without a valid key", self.refused_keys.clone());
        r.register("requests_in_flight", "Requests under way", self.in_flight.clone());
        r.register(
            "spool_failures",
            "Finished requests that could not be recorded",
            self.spool_failures.clone(),
        );
        r.register(
            "spool_lag_bytes",
            "Bytes of the spool not in the database yet",
            self.spool_lag.clone(),
        );
        r.register("settled_requests", "Requests written to the database", self.settled.clone());
        r.register("settle_failures", "Batches to be written again", self.settle_failures.clone());
        r.register(
            "setup_problems",
            "Requests that show a wrong set-up of their client",
            self.setup_problems.clone(),
        );
        r.register("rests", "Times a credential began to rest", self.rests.clone());
        r.register(
            "quarantines",
            "Times a credential went into quarantine",
            self.quarantines.clone(),
        );
        r.register(
            "quarantined",
            "Credentials in quarantine, each for all or for one of its models",
            self.quarantined.clone(),
        );
        r.register(
            "config_revision",
            "Revision of the configuration in force",
            self.revision.clone(),
        );
        r.register_with_unit(
            "database_silence",
            "Since the database was last heard of",
            Unit::Seconds,
            self.database_silence.clone(),
        );
        r.register("jobs", "Jobs of all nodes that are not forgotten yet", self.jobs.clone());
    }

    /// How many jobs there are in each state.
    pub fn jobs(&self, counts: &[(JobState, i64)]) {
        for state in JobState::ALL {
            let count = counts.iter().find(|(it, _)| *it == state).map_or(0, |(_, count)| *count);
            self.jobs.get_or_create(&StateLabels { state: state.as_str() }).set(count);
        }
    }

    /// A request ended.
    pub fn closed(&self, identity: &Identity, outcome: &Outcome, attempts: &[Attempt]) {
        let labels = RequestLabels {
            surface: identity.surface.to_string(),
            status: outcome.status,
            end: outcome.stream_end.as_str(),
        };
        self.requests.get_or_create(&labels).inc();
        for attempt in attempts {
            let labels = AttemptLabels {
                provider: attempt.start.target.provider_name.clone(),
                verdict: attempt.verdict.to_string(),
            };
            self.attempts.get_or_create(&labels).inc();
            self.input_tokens.inc_by(attempt.usage.input);
            self.output_tokens.inc_by(attempt.usage.output);
        }
        let cost: NanoUsd = attempts.iter().map(|attempt| attempt.cost).sum();
        self.cost_nanos.inc_by(u64::try_from(cost.0).unwrap_or(0));
        self.duration.observe(seconds(outcome.total_us));
        if let Some(us) = outcome.first_token_us {
            self.first_token.observe(seconds(us));
        }
        self.overhead.observe(seconds(outcome.overhead_us));
    }

    /// The exposition, in OpenMetrics text.
    pub fn render(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = text::encode(&mut out, &self.registry);
        out
    }
}

#[allow(clippy::cast_precision_loss, reason = "a metric, not money")]
fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}
