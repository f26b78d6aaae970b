//! Every option reaches what it is for: changed, it changes the result, and its default changes nothing.

use crate::common::{Directory, clusters, npy, read_npy, text};
use npyz::Order;

const N: usize = 70;
const D: usize = 4;

/// A directory with points, weights of their columns and an inverse covariance, and starting positions.
fn directory() -> Directory {
    let directory = Directory::new();
    directory.write("x.csv", text(&clusters(N, D), D, ","));
    directory.write("new.csv", text(&clusters(N + 20, D)[N * D..], D, ","));
    directory.write("weights.npy", npy([1.0, 9.0, 0.5, 2.0], &[D as u64], Order::C));
    directory.write("weights.csv", "1,9,0.5,2\n");
    directory.write("inverse.csv", "2,1,0,0\n1,2,0,0\n0,0,1,0\n0,0,0,3\n");
    directory.write("start.csv", text(&clusters(N, 2), 2, ","));
    directory.write("newstart.csv", text(&clusters(20, 2), 2, ","));
    directory
}

/// Compares the results of pairs of command lines.
struct Pairs<'a> {
    directory: &'a Directory,
    command: &'a str,
}

impl Pairs<'_> {
    fn run(&self, flags: &str) -> Vec<u8> {
        self.directory.succeed(&format!("{} -o y.npy -q {flags}", self.command));
        self.directory.read("y.npy")
    }

    /// Each of the options changes the result of those before it.
    #[track_caller]
    fn differ(&self, base: &str, changes: &[&str]) {
        let expected = self.run(base);
        for change in changes {
            assert!(self.run(&format!("{base} {change}")) != expected, "{change} changes nothing of {base:?}");
        }
    }

    #[track_caller]
    fn equal(&self, base: &str, others: &[&str]) {
        let expected = self.run(base);
        for other in others {
            assert!(self.run(other) == expected, "{other} is not {base:?}");
        }
    }
}

#[test]
fn options_of_embed() {
    let directory = directory();
    let command = "embed x.csv --early-exaggeration-iter 15 --n-iter 15";
    let pairs = Pairs { directory: &directory, command };
    pairs.differ(
        "",
        &[
            "--preset opentsne",
            "--components 1",
            "--float f64",
            "--perplexity 6",
            "--perplexity 3,10",
            "--affinities uniform",
            "--affinities fixed-sigma --sigma 9",
            "--symmetrization max",
            "--symmetrization none",
            "--k-neighbors 12",
            "--metric manhattan",
            "--init spectral",
            "--init random",
            "--init start.csv",
            "--init pca",
            "--early-exaggeration 4",
            "--exaggeration 2",
            "--learning-rate 10",
            "--momentum-rule classical",
            "--initial-momentum 0.3",
            "--final-momentum 0.3",
            "--min-grad-norm 1000000",
            "--max-grad-norm 0.0001",
            "--max-step-norm 0.001",
            "--dof 0.5",
            "--method bh --theta 1",
            "--method fft",
            "--drop-column 2",
        ],
    );
    pairs.differ("--perplexity 3,10", &["--affinities multiscale"]);
    pairs.differ("--affinities uniform", &["--k-neighbors 9", "--symmetrization mean"]);
    pairs.differ("--affinities fixed-sigma --sigma 9", &["--symmetrization none"]);
    pairs.differ("--metric minkowski:p=1.5", &["--metric-params weights.npy"]);
    pairs.differ("--metric seuclidean", &["--metric-params weights.csv"]);
    pairs.differ("--metric mahalanobis", &["--metric-params inverse.csv"]);
    pairs.differ("--init pca", &["--init-std 0.1"]);
    pairs.differ("--init random", &["--seed 7", "--init-std 0.01"]);
    pairs.differ("--method bh --theta 0.5", &["--components 3"]);
    pairs.differ("--method bh --theta 1", &["--init spectral"]);
    // So few points are summed pair by pair but in one dimension, and grids of splines are exact to the last bit of the numbers there.
    pairs.differ("--components 1 --method fft", &["--interpolation lagrange"]);
    pairs.differ(
        "--components 1 --method fft --interpolation lagrange --init pca --init-std 3",
        &["--n-interpolation-points 4", "--min-num-intervals 20", "--ints-in-interval 0.1"],
    );
    pairs.equal(
        "",
        &[
            "--preset recommended --components 2 --float f32 --seed 0 --header auto",
            "--perplexity 30 --affinities perplexity --symmetrization mean --metric euclidean --neighbors auto",
            "--neighbors exact",
            "--init coarse --init-std 0.0001 --early-exaggeration auto --no-exaggeration --learning-rate auto*2",
            "--momentum-rule nesterov --initial-momentum 0.8 --final-momentum 0.985 --adaptive-momentum true --dof 1",
            "--no-min-grad-norm --no-max-grad-norm --max-step-norm 5",
            "--method auto --theta 0.5 --report-every 4 --threads 1",
            "--early-exaggeration 12 --metric l2 --exact-kl",
        ],
    );
    pairs.equal("--final-momentum 0.7", &["--momentum 0.7"]);
    // The names of the documented parameters.
    pairs.equal(
        "--components 1 --init random --method bh --threads 1 --seed 5 --report-every 10",
        &["--n-components 1 --initialization random --negative-gradient-method bh --n-jobs 1 --random-state 5 \
           --callbacks-every-iters 10"],
    );
    pairs.equal("--metric minkowski --metric-params weights.npy", &["--metric p --metric-params weights.csv"]);
    pairs.equal(
        "--method fft",
        &["--method fft --n-interpolation-points 3 --min-num-intervals 50 --ints-in-interval 1 --interpolation b-spline"],
    );
    // A point may go far in one step where nothing limits it.
    pairs.differ("--learning-rate 4000 --preset opentsne", &["--no-max-step-norm"]);
    // Below 4,096 points approximate neighbors are exact: it is the name that counts here.
    for neighbors in ["approx", "annoy", "pynndescent", "hnsw"] {
        pairs.run(&format!("--neighbors {neighbors}"));
    }
}

#[test]
fn options_of_transform() {
    let directory = directory();
    directory.succeed("embed x.csv --save m.tsne -q");
    let pairs = Pairs { directory: &directory, command: "transform m.tsne new.csv --n-iter 20" };
    pairs.differ(
        "",
        &[
            "--preset documented",
            "--perplexity 12",
            "--perplexity fitted",
            "--affinities uniform",
            "--affinities fixed-sigma --sigma 9",
            "--init weighted",
            "--init random",
            "--init newstart.csv",
            "--k 3",
            "--early-exaggeration-iter 10",
            "--exaggeration 3",
            "--no-exaggeration",
            "--learning-rate 0.4",
            "--momentum-rule classical",
            "--final-momentum 0.2",
            "--min-grad-norm 1000000",
            "--max-grad-norm 0.001",
            "--no-max-grad-norm",
            "--max-step-norm 0.001",
            "--method fft",
        ],
    );
    pairs.differ("--early-exaggeration-iter 10", &["--early-exaggeration 12", "--initial-momentum 0.2"]);
    pairs.differ("--perplexity 3,12", &["--affinities multiscale"]);
    pairs.differ("--affinities uniform", &["--k-neighbors 7"]);
    pairs.differ("--init random", &["--seed 7"]);
    // Every option at the value that openTSNE gives it.
    pairs.equal(
        "--preset opentsne",
        &[
            "--perplexity 5 --init median --k 25 --exaggeration 1.5 --learning-rate 0.1 --momentum-rule classical \
             --initial-momentum 0.8 --final-momentum 0.8 --max-grad-norm 0.25 --no-min-grad-norm --no-max-step-norm \
             --early-exaggeration 4 --early-exaggeration-iter 0 --threads 2 --seed 0",
            "--preset opentsne --affinities perplexity --report-every 5 --method exact",
            "--preset opentsne --learning-rate auto",
            "--preset opentsne --initialization median --negative-gradient-method auto --n-jobs 1 --random-state 0",
        ],
    );
}

#[test]
fn the_history_counts_over_both_phases() {
    let directory = directory();
    let flags = "--early-exaggeration-iter 7 --n-iter 8 --perplexity 5";
    let output = directory.tsne(&format!("embed x.csv -o y.npy {flags} --report-every 5 --json"));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let history = report["history"].as_array().unwrap();
    let iterations: Vec<u64> = history.iter().map(|entry| entry["iteration"].as_u64().unwrap()).collect();
    assert_eq!(iterations, [5, 10, 15]);
    // The last entry is of the final map.
    assert_eq!(history[2]["kl_divergence"], report["kl_divergence"]);
    assert_eq!(stderr.lines().count(), 3, "{stderr}");
    for (line, entry) in stderr.lines().zip(history) {
        let kl = entry["kl_divergence"].as_f64().unwrap();
        assert!(line.contains(&entry["iteration"].to_string()) && line.contains(&format!("{kl:.4}")), "{line}");
    }
    let quiet = directory.tsne(&format!("embed x.csv -o y.npy {flags} --report-every 5 -q"));
    assert!(quiet.stderr.is_empty() && quiet.stdout.is_empty());

    directory.succeed("embed x.csv --save m.tsne -q --perplexity 5 --n-iter 5");
    let placed = directory.json("transform m.tsne new.csv -o y.npy --n-iter 6 --report-every 3");
    assert_eq!(placed["history"].as_array().unwrap().len(), 2);
    assert_eq!(placed["history"][1]["kl_divergence"], placed["kl_divergence"]);
}

#[test]
fn outputs_may_be_left_out() {
    let directory = directory();
    let before = directory.files();
    directory.succeed("embed x.csv --plot y.png -q --perplexity 5 --n-iter 3");
    directory.succeed("embed x.csv --save m.tsne -q --perplexity 5 --n-iter 3");
    directory.succeed("transform m.tsne new.csv --plot z.png -q --n-iter 3");
    let new: Vec<String> = directory.files().into_iter().filter(|name| !before.contains(name)).collect();
    assert_eq!(new, ["m.tsne", "y.png", "z.png"]);
    directory.succeed("embed x.csv -o y.npy --save m.tsne --plot y.png -q --perplexity 5 --n-iter 3");
    assert_eq!(read_npy(&directory.read("y.npy")).0, [N as u64, 2]);
}

#[test]
fn help_tells_the_defaults() {
    let directory = Directory::new();
    let embed = directory.succeed("help embed").split_whitespace().collect::<Vec<_>>().join(" ");
    for word in [
        "count [default: 30]",
        "[default: euclidean]",
        "[default: recommended]",
        "map [default: 2]",
        "[default: f32]",
        "[default: 3 × perplexity; 30 for fixed-sigma and uniform]",
        "[default: coarse; pca in other presets than recommended]",
        "[default: 0.5]",
        "[default: b-spline]",
        "[default: -1]",
        "spearmanr, or precomputed",
    ] {
        assert!(embed.contains(word), "{word}: {embed}");
    }
    let transform = directory.succeed("help transform").split_whitespace().collect::<Vec<_>>().join(" ");
    for word in ["[default: 5]", "[default: 25]", "[default: median]", "[default: as in the fit]"] {
        assert!(transform.contains(word), "{word}: {transform}");
    }
    let score = directory.succeed("help score").split_whitespace().collect::<Vec<_>>().join(" ");
    for word in
        ["[default: 10, or fewer", "[default: 30]", "[default: auto]", "up to 100,000 points", "[default: 1,000]"]
    {
        assert!(score.contains(word), "{word}: {score}");
    }
}
