//! Rounds in which all take turns.

use std::time::Instant;

use crate::apps::App;

pub(crate) struct Rounds {
    rounds: usize,
    /// In each round, for each application.
    requests: usize,
}

/// In nanoseconds for a request.
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) total: f64,
    /// Beyond what the bare router takes for the same request.
    pub(crate) added: f64,
}

impl Default for Rounds {
    fn default() -> Self {
        Self {
            rounds: 400,
            requests: 500,
        }
    }
}

impl Rounds {
    pub(crate) async fn run(&self, mut apps: Vec<App>) -> Vec<Measured> {
        let mut times = vec![(Vec::new(), Vec::new()); apps.len()];
        for round in 0..=self.rounds {
            for (app, (totals, bares)) in apps.iter_mut().zip(&mut times) {
                let bare = self.time(&mut app.bare_twin()).await;
                let total = self.time(app).await;
                // The first round is for warming up.
                if round > 0 {
                    totals.push(total);
                    bares.push(bare);
                }
            }
        }
        let names = apps.iter().map(|app| app.name);
        names
            .zip(times)
            .map(|(name, (totals, bares))| {
                let total = undisturbed(totals);
                let added = total - undisturbed(bares);
                Measured { name, total, added }
            })
            .collect()
    }

    async fn time(&self, app: &mut App) -> f64 {
        let requests = u32::try_from(self.requests).expect("few");
        let start = Instant::now();
        for _ in 0..requests {
            app.serve().await;
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(requests)
    }
}

/// The time that nine rounds in ten took at least: what else the machine did made rounds longer, and none shorter.
fn undisturbed(times: Vec<f64>) -> f64 {
    quantile(times, 10)
}

/// The time that so many of a hundred stay below.
pub(crate) fn quantile(mut times: Vec<f64>, percent: usize) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() * percent / 100]
}
