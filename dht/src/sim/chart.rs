//! A run as a picture.
//!
//! Owns the drawing of a report's points as SVG: one panel per figure, all over the same hours. Refuses to
//! write files.

use std::fmt::Write as _;

use super::run::Point;

const WIDTH: f64 = 900.0;
const PANEL: f64 = 150.0;
const LEFT: f64 = 80.0;
const GAP: f64 = 40.0;

/// A line of a panel: its colour and the figure it shows.
type Line = (&'static str, fn(&Point) -> f64);

/// The panels: what each shows, and its lines.
const PANELS: [(&str, &[Line]); 4] = [
    ("nodes on", &[("#3465a4", |point| point.online)]),
    (
        "bytes per second and node: payload (blue), on the wire (grey)",
        &[
            ("#3465a4", |point| point.payload),
            ("#888a85", |point| point.wire),
        ],
    ),
    (
        "plain get in ms: median (blue), 95th percentile (grey)",
        &[
            ("#3465a4", |point| point.get_ms.0),
            ("#888a85", |point| point.get_ms.1),
        ],
    ),
    (
        "recall of the true 20 nearest",
        &[("#3465a4", |point| point.recall)],
    ),
];

/// The points of a run as an SVG picture under a title.
pub fn draw(title: &str, points: &[Point]) -> String {
    let height = PANELS.len() as f64 * (PANEL + GAP) + 2.0 * GAP;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"24\" font-size=\"14\">{}</text>\n",
        escape(title)
    );
    let hours = points.last().map_or(1.0, |last| last.hours.max(1e-9));
    for (number, (name, lines)) in PANELS.iter().enumerate() {
        let top = GAP + number as f64 * (PANEL + GAP) + 20.0;
        panel(&mut svg, top, name, lines, hours, points);
    }
    svg.push_str("</svg>\n");
    svg
}

fn panel(svg: &mut String, top: f64, name: &str, lines: &[Line], hours: f64, points: &[Point]) {
    let values = lines
        .iter()
        .flat_map(|(_, figure)| points.iter().map(figure));
    let most = values.fold(1e-9, f64::max) * 1.05;
    let (right, bottom) = (WIDTH - 20.0, top + PANEL);
    let across = |value: f64| LEFT + (right - LEFT) * value / hours;
    let up = |value: f64| bottom - PANEL * value / most;
    // Writing to a string cannot fail.
    let _ = write!(
        svg,
        "<text x=\"{LEFT}\" y=\"{:.0}\">{name}</text>\n\
         <path d=\"M{LEFT} {top:.0} V{bottom:.0} H{right:.0}\" fill=\"none\" stroke=\"#555\"/>\n",
        top - 6.0
    );
    for step in 0..=2 {
        let value = most * f64::from(step) / 2.0;
        let _ = writeln!(
            svg,
            "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 6.0,
            up(value) + 4.0,
            rounded(value)
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{right:.0}\" y=\"{:.0}\" text-anchor=\"end\">{} h</text>",
        bottom + 14.0,
        rounded(hours)
    );
    for (colour, figure) in lines {
        let place = |point: &Point| format!("{:.1},{:.1}", across(point.hours), up(figure(point)));
        let places: Vec<String> = points.iter().map(place).collect();
        let _ = writeln!(
            svg,
            "<polyline fill=\"none\" stroke=\"{colour}\" points=\"{}\"/>",
            places.join(" ")
        );
    }
}

fn rounded(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 2.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_lies_inside_its_panel() {
        let point = |minute: u32| Point {
            hours: f64::from(minute) / 60.0,
            online: f64::from(minute % 7) * 100.0,
            payload: 90.0,
            wire: 400.0,
            get_ms: (120.0, 900.0),
            recall: 0.99,
        };
        let points: Vec<Point> = (1..=60).map(point).collect();
        let svg = draw("--nodes 5 <&>", &points);
        assert!(svg.contains("--nodes 5 &lt;&amp;&gt;"));
        let lines: Vec<&str> = svg.split("points=\"").skip(1).collect();
        assert_eq!(lines.len(), 6);
        for line in lines {
            let places: Vec<&str> = line.split('"').next().unwrap().split(' ').collect();
            assert_eq!(places.len(), points.len());
            for place in places {
                let (x, y) = place.split_once(',').unwrap();
                let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
                assert!((LEFT..=WIDTH).contains(&x) && (0.0..900.0).contains(&y));
            }
        }
        assert!(draw("empty", &[]).ends_with("</svg>\n"));
    }
}
