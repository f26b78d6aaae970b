//! A plot of a few series as SVG: axes with ticks, lines, markers, a legend.

use std::fmt::Write;

/// The size of the picture, and of the frame that the points lie in.
const SIZE: (f64, f64) = (920.0, 560.0);
const FRAME: Frame = Frame { left: 78.0, top: 52.0, width: 560.0, height: 436.0 };

/// About as many ticks as fit without touching each other.
const TICKS: f64 = 7.0;

/// The side of a marker, about.
const MARKER: f64 = 5.0;

/// Colors that stay apart for most color-blind people (Okabe and Ito 2008), then some more.
const COLORS: [&str; 12] = [
    "#d55e00", "#0072b2", "#009e73", "#000000", "#e69f00", "#cc79a7", "#56b4e9", "#7a5195", "#8c6d31", "#7f7f7f",
    "#b3b300", "#e7298a",
];

struct Frame {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

/// An axis: what it shows with its unit, the range, and whether it is logarithmic.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) title: String,
    pub(super) range: (f64, f64),
    pub(super) log: bool,
}

impl Axis {
    /// An axis that holds all `values`, with a little room; of the positive ones if it is logarithmic.
    pub(super) fn around(title: &str, log: bool, values: impl Iterator<Item = f64>) -> Self {
        let usable = values.filter(|value| value.is_finite() && (!log || *value > 0.0));
        let (low, high) = usable.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        let range = match (low <= high, log) {
            (false, _) => (1.0, 10.0),
            (true, true) => {
                let room = (high / low).powf(0.05).max(1.1);
                (low / room, high * room)
            }
            (true, false) => {
                let room = (0.05 * (high - low)).max(1e-3 * high.abs()).max(f64::MIN_POSITIVE);
                (low - room, high + room)
            }
        };
        Self { title: title.to_owned(), range, log }
    }

    /// Where a value lies: 0 at the low end, 1 at the high one.
    fn place(&self, value: f64) -> f64 {
        let scale = |value: f64| if self.log { value.log10() } else { value };
        let (low, high) = (scale(self.range.0), scale(self.range.1));
        (scale(value) - low) / (high - low)
    }

    /// Round values inside the range.
    fn ticks(&self) -> Vec<f64> {
        let (low, high) = self.range;
        if !self.log {
            let step = round_step((high - low) / TICKS);
            let first = (low / step).ceil() as i64;
            return (first..).map(|i| i as f64 * step).take_while(|tick| *tick <= high).collect();
        }
        let decades = (high / low).log10();
        let digits: &[f64] = match decades {
            d if d <= 1.0 => &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0],
            d if d <= 3.0 => &[1.0, 2.0, 5.0],
            _ => &[1.0],
        };
        let exponents = low.log10().floor() as i32..=high.log10().ceil() as i32;
        let all = exponents.flat_map(|exponent| digits.iter().map(move |digit| digit * 10_f64.powi(exponent)));
        all.filter(|tick| (low..=high).contains(tick)).collect()
    }
}

/// The round number next to `rough`: 1, 2 or 5 times a power of ten.
fn round_step(rough: f64) -> f64 {
    let power = 10_f64.powf(rough.log10().floor());
    let digit = match rough / power {
        r if r < 1.5 => 1.0,
        r if r < 3.5 => 2.0,
        r if r < 7.5 => 5.0,
        _ => 10.0,
    };
    digit * power
}

/// A tick as it is written: thousands as k, millions as M, no zeros at the end.
fn label(tick: f64) -> String {
    let short = |value: f64| {
        let text = format!("{value:.4}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    match tick.abs() {
        size if size >= 999_999.5 => format!("{}M", short(tick / 1e6)),
        size if size >= 999.5 => format!("{}k", short(tick / 1e3)),
        size if size > 0.0 && size < 1e-3 => format!("{tick:e}"),
        _ => short(tick),
    }
}

/// A line through points, with a marker at some of them.
#[derive(Clone, Debug)]
pub(super) struct Series {
    /// As the legend calls it.
    pub(super) name: String,
    /// Which of the colors and markers: the same for the same peer in every plot.
    pub(super) style: usize,
    pub(super) line: Vec<(f64, f64)>,
    pub(super) markers: Vec<(f64, f64)>,
}

/// The plot as the text of an SVG file. What lies outside the axes is cut off.
pub(super) fn plot(title: &str, x: &Axis, y: &Axis, series: &[Series]) -> String {
    let (width, height) = SIZE;
    let mut svg = String::new();
    _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"13\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n\
         <clipPath id=\"frame\"><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/></clipPath>\n\
         <text x=\"{}\" y=\"30\" font-size=\"16\">{}</text>",
        FRAME.left,
        FRAME.top,
        FRAME.width,
        FRAME.height,
        FRAME.left,
        escaped(title),
    );
    axes(&mut svg, x, y);
    let at = |point: &(f64, f64)| {
        let (u, v) = (x.place(point.0), y.place(point.1));
        (FRAME.left + u * FRAME.width, FRAME.top + (1.0 - v) * FRAME.height)
    };
    svg.push_str("<g clip-path=\"url(#frame)\">\n");
    for one in series {
        let color = COLORS[one.style % COLORS.len()];
        if one.line.len() > 1 {
            let points: Vec<String> = one.line.iter().map(at).map(|(px, py)| format!("{px:.1},{py:.1}")).collect();
            _ = writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"1.8\" \
                 stroke-linejoin=\"round\"/>",
                points.join(" ")
            );
        }
        one.markers.iter().map(at).for_each(|place| marker(&mut svg, place, one.style));
    }
    svg.push_str("</g>\n");
    legend(&mut svg, series);
    svg.push_str("</svg>\n");
    svg
}

fn axes(svg: &mut String, x: &Axis, y: &Axis) {
    let (right, bottom) = (FRAME.left + FRAME.width, FRAME.top + FRAME.height);
    for tick in x.ticks() {
        let at = FRAME.left + x.place(tick) * FRAME.width;
        _ = writeln!(
            svg,
            "<line x1=\"{at:.1}\" y1=\"{}\" x2=\"{at:.1}\" y2=\"{bottom}\" stroke=\"#e4e4e4\"/>\n\
             <text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            FRAME.top,
            bottom + 19.0,
            label(tick)
        );
    }
    for tick in y.ticks() {
        let at = FRAME.top + (1.0 - y.place(tick)) * FRAME.height;
        _ = writeln!(
            svg,
            "<line x1=\"{}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\" stroke=\"#e4e4e4\"/>\n\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            FRAME.left,
            FRAME.left - 8.0,
            at + 4.5,
            label(tick)
        );
    }
    let (middle_x, middle_y) = (FRAME.left + FRAME.width / 2.0, FRAME.top + FRAME.height / 2.0);
    _ = writeln!(
        svg,
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#555\"/>\n\
         <text x=\"{middle_x}\" y=\"{}\" text-anchor=\"middle\" font-size=\"14\">{}</text>\n\
         <text transform=\"translate(24 {middle_y}) rotate(-90)\" text-anchor=\"middle\" font-size=\"14\">{}</text>",
        FRAME.left,
        FRAME.top,
        FRAME.width,
        FRAME.height,
        bottom + 46.0,
        escaped(&x.title),
        escaped(&y.title),
    );
}

/// One of six shapes around a place.
fn marker(svg: &mut String, (x, y): (f64, f64), style: usize) {
    let color = COLORS[style % COLORS.len()];
    let corners: &[(f64, f64)] = match style % 6 {
        0 => {
            _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{MARKER}\" fill=\"{color}\" stroke=\"white\"/>");
            return;
        }
        1 => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
        2 => &[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)],
        3 => &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
        4 => &[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)],
        _ => &[(-1.2, 0.0), (0.8, -1.1), (0.8, 1.1)],
    };
    let points: Vec<String> =
        corners.iter().map(|(u, v)| format!("{:.1},{:.1}", x + MARKER * u, y + MARKER * v)).collect();
    _ = writeln!(svg, "<polygon points=\"{}\" fill=\"{color}\" stroke=\"white\"/>", points.join(" "));
}

fn legend(svg: &mut String, series: &[Series]) {
    let left = FRAME.left + FRAME.width + 22.0;
    for (row, one) in series.iter().enumerate() {
        let y = FRAME.top + 12.0 + 23.0 * row as f64;
        if one.line.len() > 1 {
            _ = writeln!(
                svg,
                "<line x1=\"{left}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\" stroke=\"{}\" stroke-width=\"1.8\"/>",
                left + 26.0,
                COLORS[one.style % COLORS.len()]
            );
        }
        marker(svg, (left + 13.0, y), one.style);
        _ = writeln!(svg, "<text x=\"{}\" y=\"{}\">{}</text>", left + 34.0, y + 4.5, escaped(&one.name));
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(low: f64, high: f64, log: bool) -> Axis {
        Axis { title: String::new(), range: (low, high), log }
    }

    #[test]
    fn places_go_from_end_to_end() {
        let linear = axis(2.0, 6.0, false);
        assert_eq!([2.0, 3.0, 6.0].map(|v| linear.place(v)), [0.0, 0.25, 1.0]);
        let log = axis(1.0, 10_000.0, true);
        // Logarithms of powers of ten are exact up to the last bits.
        for (value, place) in [(1.0, 0.0), (100.0, 0.5), (10_000.0, 1.0)] {
            assert!((log.place(value) - place).abs() < 1e-12);
        }
    }

    #[test]
    fn ticks_are_round_and_inside() {
        let labels = |low, high, log| axis(low, high, log).ticks().into_iter().map(label).collect::<Vec<_>>();
        assert_eq!(labels(0.73, 0.87, false), ["0.74", "0.76", "0.78", "0.8", "0.82", "0.84", "0.86"]);
        assert_eq!(labels(-1.0, 6.0, false), ["-1", "0", "1", "2", "3", "4", "5", "6"]);
        assert_eq!(labels(0.3, 60.0, true), ["0.5", "1", "2", "5", "10", "20", "50"]);
        assert_eq!(labels(1500.0, 1.2e6, true), ["2k", "5k", "10k", "20k", "50k", "100k", "200k", "500k", "1M"]);
        assert_eq!(labels(0.01, 1e4, true), ["0.01", "0.1", "1", "10", "100", "1k", "10k"]);
        // A step is at least 1 / 1.5 and at most 5 / 3.5 of the seventh part of the range.
        for (low, high) in [(1e-3, 1e3), (0.2, 0.21), (3.0, 4.0e7)] {
            assert!((4..=11).contains(&labels(low, high, false).len()), "{low} to {high}");
        }
    }

    #[test]
    fn an_axis_holds_its_values_with_room() {
        let linear = Axis::around("", false, [1.0, 3.0, f64::NAN].into_iter());
        assert!(linear.range.0 < 1.0 && linear.range.1 > 3.0 && linear.range.1 < 3.5);
        let log = Axis::around("", true, [0.0, 10.0, 1000.0].into_iter());
        assert!(log.range.0 < 10.0 && log.range.0 > 1.0 && log.range.1 > 1000.0);
        assert!(!Axis::around("", false, [2.0].into_iter()).ticks().is_empty(), "one value");
        assert!(!Axis::around("", true, std::iter::empty()).ticks().is_empty(), "none");
    }

    #[test]
    fn a_plot_shows_each_series_and_escapes_text() {
        let series = |style, line: &[(f64, f64)]| Series {
            name: format!("peer <{style}>"),
            style,
            line: line.to_vec(),
            markers: vec![(1.0, 1.0)],
        };
        let svg = plot(
            "a & b",
            &axis(0.5, 2.0, true),
            &axis(0.0, 2.0, false),
            &[series(0, &[(1.0, 1.0), (2.0, 0.0)]), series(1, &[])],
        );
        assert_eq!((svg.matches("<polyline").count(), svg.matches("<circle").count()), (1, 2));
        assert!(svg.contains("a &amp; b") && svg.contains("peer &lt;1&gt;") && svg.ends_with("</svg>\n"));
    }
}
