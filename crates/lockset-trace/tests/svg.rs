//! The pictures are well-formed, show what the verdict says, and stand next to each other.

mod common;

use std::collections::HashSet;

use common::*;
use lockset_trace::{Event, History, SvgOptions, What};
use roxmltree::Document;

/// How many elements of a picture have a class.
fn count(svg: &str, class: &str) -> usize {
    let document = Document::parse(svg).expect("the picture is well-formed XML");
    document
        .descendants()
        .filter(|node| {
            node.attribute("class").is_some_and(|all| all.split(' ').any(|c| c == class))
        })
        .count()
}

fn draw(history: &History) -> String {
    history.to_svg(&SvgOptions::new(1))
}

fn overlapping() -> History {
    history(&[
        (0, "worker 1", WANT),
        (100, "worker 1", GOT),
        (150, "worker 2", WANT),
        (340, "worker 2", GOT),
        (460, "worker 1", RELEASED),
        (500, "worker 2", RELEASED),
    ])
}

/// A lease that runs out while its holder is paused, and the stale write that follows.
fn stale(last: What) -> History {
    history(&[
        (0, "worker 1", WANT),
        (1000, "worker 1", fenced(33)),
        (2000, "worker 1", What::Paused),
        (3000, "worker 2", WANT),
        (6000, "worker 1", What::Expired),
        (6500, "worker 2", fenced(34)),
        (8000, "worker 2", wrote(7500, 34)),
        (9000, "worker 1", What::Resumed),
        (9600, "worker 1", last),
        (9900, "worker 1", RELEASED),
        (11_000, "worker 2", RELEASED),
    ])
}

#[test]
fn a_lane_an_actor_and_a_bar_a_hold() {
    let svg = draw(&turns(4, 20));
    assert_eq!(count(&svg, "lane"), 4);
    assert_eq!(count(&svg, "hold"), 20);
    assert!(count(&svg, "wait") > 0);
}

#[test]
fn the_red_band_is_there_exactly_if_the_lock_is_broken() {
    let good = draw(&turns(4, 20));
    let marks = ["verdict-ok", "verdict-broken", "overlap", "clash"];
    assert_eq!(marks.map(|class| count(&good, class)), [1, 0, 0, 0]);
    assert!(good.contains("ledger · held: 20 grants, at most 1 at a time"));

    let broken = draw(&overlapping());
    assert_eq!(marks.map(|class| count(&broken, class)), [0, 1, 1, 2]);
    assert!(broken.contains("ledger · BROKEN: 2 at once where 1 is allowed, first at 340 µs"));
    assert_eq!(count(&overlapping().to_svg(&SvgOptions::new(2)), "overlap"), 0);
}

#[test]
fn writes_pauses_and_what_a_holder_does_not_know_are_drawn() {
    let marks = ["wrote", "refused", "pause", "stale", "flag", "verdict-ok"];
    let fenced = draw(&stale(What::Refused { fence: Some(33) }));
    assert_eq!(marks.map(|class| count(&fenced, class)), [1, 1, 1, 1, 0, 1]);
    let unfenced = draw(&stale(wrote(9500, 33)));
    assert_eq!(marks.map(|class| count(&unfenced, class)), [2, 0, 1, 1, 1, 0]);
    assert!(unfenced.contains("BROKEN: 1 stale write accepted"));
}

#[test]
fn the_caption_tells_of_waits_only_if_somebody_waited() {
    assert!(draw(&overlapping()).contains("longest 190 µs · 0 overtakings"));
    let at_once = history(&[
        (0, "worker 1", WANT),
        (1, "worker 1", GOT),
        (2, "worker 2", WANT),
        (3, "worker 2", GOT),
    ]);
    let svg = draw(&at_once);
    assert!(!svg.contains("median") && !svg.contains("overtaking"), "{svg}");
}

#[test]
fn a_long_history_is_cut_and_says_so() {
    let all = turns(4, 1000);
    let svg = all.to_svg(&SvgOptions::new(1).holds(50));
    assert!((45..=52).contains(&count(&svg, "hold")));
    assert!(svg.contains(">the first "));
    assert!(svg.contains("held: 1,000 grants"));

    // A violation far from the beginning moves the window to it.
    let end = all.events().last().unwrap().at.as_nanos() / 1000;
    let mut events = all.events().to_vec();
    for (after, actor, what) in
        [(1, "x", GOT), (2, "y", GOT), (3, "x", RELEASED), (4, "y", RELEASED)]
    {
        events.push(Event::new(us(end + after), actor, "ledger", what));
    }
    let svg = draw(&events.into_iter().collect());
    assert_eq!(count(&svg, "overlap"), 1);
    assert!(svg.contains("around the first violation"));
}

#[test]
fn labels_cannot_break_out() {
    let name = "</text><script>&\"'\u{1}";
    let at = |us, what| Event::new(common::us(us), name, name, what);
    let svg = draw(&History::from_iter([at(1, GOT), at(2, RELEASED), at(3, RELEASED)]));
    assert_eq!(count(&svg, "lane"), 1);
    assert!(!svg.contains("<script"));
}

#[test]
fn two_locks_have_lanes_of_their_own() {
    let at = |us, actor, lock, what| Event::new(common::us(us), actor, lock, what);
    let svg = draw(&History::from_iter([
        at(1, "a", "left", GOT),
        at(2, "b", "right", GOT),
        at(3, "a", "right", WANT),
        at(4, "b", "left", WANT),
        at(9, "c", "left", WANT),
    ]));
    assert_eq!(count(&svg, "lane"), 5);
    assert!(svg.contains("a · left"));
}

#[test]
fn the_verdict_is_the_accessible_name() {
    let svg = draw(&overlapping());
    let document = Document::parse(&svg).unwrap();
    let root = document.root_element();
    assert_eq!(root.attribute("role"), Some("img"));
    let text = |tag| {
        let child = root.children().find(|node| node.has_tag_name(tag)).unwrap();
        assert!(
            root.attribute("aria-labelledby").unwrap().contains(child.attribute("id").unwrap())
        );
        child.text().unwrap().to_owned()
    };
    assert!(
        text(("http://www.w3.org/2000/svg", "title")).starts_with("ledger · BROKEN: 2 at once")
    );
    assert!(
        text(("http://www.w3.org/2000/svg", "desc")).contains("`worker 1` and `worker 2` both")
    );
}

#[test]
fn pictures_are_reproducible_and_share_a_page() {
    assert_eq!(draw(&overlapping()), draw(&overlapping()));
    let pictures = [draw(&overlapping()), draw(&turns(4, 20)), draw(&stale(wrote(9500, 33)))];
    let mut ids = HashSet::new();
    for svg in &pictures {
        for node in Document::parse(svg).unwrap().descendants() {
            if let Some(id) = node.attribute("id") {
                assert!(ids.insert(id.to_owned()), "{id} is in two pictures");
            }
        }
        let style = svg.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
        for rule in style.split('}').filter(|rule| rule.contains('{')) {
            let selectors = rule.rsplit_once('{').unwrap().0.trim();
            let inner = selectors.rsplit('{').next().unwrap();
            for selector in inner.split(',') {
                assert!(selector.trim().starts_with(".lockset-trace"), "{selector} leaks");
            }
        }
    }
}

#[test]
fn an_empty_history_has_a_picture() {
    assert_eq!(count(&draw(&History::default()), "lane"), 0);
}
