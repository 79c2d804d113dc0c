//! What a run has counted, and its report as one JSON object.

use std::collections::BTreeMap;

#[derive(Default)]
pub struct Summary {
    pub ok: u64,
    pub failed: u64,
    /// Streams that ended cleanly with too few events.
    pub short: u64,
    /// Whole streams without a terminator event.
    pub unmarked: u64,
    pub events: u64,
    pub stamped: u64,
    pub bytes: u64,
    pub statuses: BTreeMap<u16, u64>,
    /// Times in microseconds: to the headers, to the first event, to the end, from the actual send, of events.
    pub headers: Vec<u32>,
    pub first_event: Vec<u32>,
    pub total: Vec<u32>,
    pub service: Vec<u32>,
    pub ages: Vec<u32>,
}

impl Summary {
    /// Adds what another worker counted.
    pub fn add(&mut self, other: Summary) {
        self.ok += other.ok;
        self.failed += other.failed;
        self.short += other.short;
        self.unmarked += other.unmarked;
        self.events += other.events;
        self.stamped += other.stamped;
        self.bytes += other.bytes;
        for (status, n) in other.statuses {
            *self.statuses.entry(status).or_default() += n;
        }
        self.headers.extend(other.headers);
        self.first_event.extend(other.first_event);
        self.total.extend(other.total);
        self.service.extend(other.service);
        self.ages.extend(other.ages);
    }

    /// The report of a run that took `secs`.
    pub fn report(mut self, secs: f64) -> String {
        let statuses = self.statuses.iter().map(|(status, n)| format!("\"{status}\":{n}"));
        let fields = [
            ("secs", format!("{secs:.3}")),
            ("ok", self.ok.to_string()),
            ("failed", self.failed.to_string()),
            ("short", self.short.to_string()),
            ("unmarked", self.unmarked.to_string()),
            ("per_s", format!("{:.2}", self.ok as f64 / secs)),
            ("events", self.events.to_string()),
            ("events_per_s", format!("{:.1}", self.events as f64 / secs)),
            ("stamped", self.stamped.to_string()),
            ("bytes", self.bytes.to_string()),
            ("status", format!("{{{}}}", statuses.collect::<Vec<_>>().join(","))),
            ("ttfb_us", percentiles(&mut self.headers)),
            ("first_event_us", percentiles(&mut self.first_event)),
            ("lat_us", percentiles(&mut self.total)),
            ("svc_us", percentiles(&mut self.service)),
            ("age_us", percentiles(&mut self.ages)),
        ];
        let fields: Vec<String> =
            fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", fields.join(","))
    }
}

fn percentiles(values: &mut [u32]) -> String {
    let Some(last) = values.len().checked_sub(1) else { return "null".to_owned() };
    values.sort_unstable();
    let at = |p: f64| values[((values.len() as f64 * p) as usize).min(last)];
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64;
    format!(
        "{{\"n\":{},\"mean\":{mean:.1},\"p50\":{},\"p90\":{},\"p99\":{},\"p999\":{},\"max\":{}}}",
        values.len(),
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
        values[last]
    )
}
