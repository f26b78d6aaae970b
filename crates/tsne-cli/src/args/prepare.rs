//! How the values of points are prepared before anything else.

use crate::prepare::Steps;
use clap::Args;

/// The steps of the preparation, in their order.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "Preparation")]
pub struct PrepareArgs {
    /// Scales each point so that its values add up to this, without a number to the median of the sums, as is done with counts
    /// of cells (--normalize-total=10000).
    #[arg(long, value_name = "SUM", num_args = 0..=1, require_equals = true, default_missing_value = "median")]
    pub normalize_total: Option<Total>,
    /// Replaces each value x by ln(1 + x).
    #[arg(long)]
    pub log1p: bool,
    /// Subtracts from each column its mean and divides it by its standard deviation; of sparse points only the latter, so that
    /// they stay sparse, which changes no Euclidean distance.
    #[arg(long)]
    pub standardize: bool,
    /// Replaces the columns by so many principal components: exact up to 2,048 columns, by subspace iteration beyond.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub pca: Option<u32>,
}

/// What the values of a point are made to add up to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Total {
    /// The median of the sums.
    Median,
    /// A number.
    Sum(f64),
}

impl std::str::FromStr for Total {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse::<f64>() {
            Ok(sum) if sum.is_finite() && sum > 0.0 => Ok(Self::Sum(sum)),
            _ if text == "median" => Ok(Self::Median),
            _ => Err("write a number above 0, or median".into()),
        }
    }
}

impl PrepareArgs {
    /// The steps asked for.
    pub fn steps(&self) -> Steps {
        Steps {
            normalize_total: self.normalize_total.map(|total| match total {
                Total::Median => None,
                Total::Sum(sum) => Some(sum),
            }),
            log1p: self.log1p,
            standardize: self.standardize,
            pca: self.pca.map(|count| count as usize),
        }
    }
}
