//! The picture's colours and hatches.
//!
//! A style sheet inside an inlined SVG applies to the whole page, so every rule is scoped by the
//! class of the root element, and every picture carries the same rules. Patterns are looked up by
//! id in the whole page too, so theirs begin with the picture's own id.

use std::fmt::{self, Formatter};

/// How many actors have a colour of their own; the next ones begin again. Red is not among them:
/// it means broken, and nothing else.
pub(super) const COLOURS: usize = 8;

const SHEET: &str = "\
.lockset-trace{--bg:#fff;--fg:#1f2328;--dim:#59636e;--grid:#dfe3e8;--on:#fff;--ok:#1a7f37;\
--bad:#d1242f;max-width:100%;height:auto;font:12px system-ui,-apple-system,'Segoe UI',\
'Liberation Sans',Arial,sans-serif}
.lockset-trace .c0{--c:#2f6fde}.lockset-trace .c1{--c:#c2620a}.lockset-trace .c2{--c:#0f8a6a}
.lockset-trace .c3{--c:#8250df}.lockset-trace .c4{--c:#8a6d00}.lockset-trace .c5{--c:#0a86a8}
.lockset-trace .c6{--c:#b8439a}.lockset-trace .c7{--c:#5b6672}
@media(prefers-color-scheme:dark){
.lockset-trace{--bg:#0d1117;--fg:#e6edf3;--dim:#9198a1;--grid:#2b313a;--on:#0d1117;--ok:#3fb950;\
--bad:#ff5f56}
.lockset-trace .c0{--c:#6ea8fe}.lockset-trace .c1{--c:#f0a35e}.lockset-trace .c2{--c:#4cc9a4}
.lockset-trace .c3{--c:#b794f6}.lockset-trace .c4{--c:#d9b945}.lockset-trace .c5{--c:#56c7e8}
.lockset-trace .c6{--c:#ec8fd0}.lockset-trace .c7{--c:#a3adb8}
}
.lockset-trace text{fill:var(--fg);font-variant-numeric:tabular-nums}
.lockset-trace .paper{fill:var(--bg)}
.lockset-trace .verdict{font-size:16px;font-weight:600}
.lockset-trace .verdict-ok{fill:var(--ok)}.lockset-trace .verdict-broken{fill:var(--bad)}
.lockset-trace .dim{fill:var(--dim)}
.lockset-trace .label{text-anchor:end;font-weight:500}
.lockset-trace .tick{text-anchor:middle;fill:var(--dim)}
.lockset-trace .line{stroke:var(--grid);stroke-width:1}
.lockset-trace .hold,.lockset-trace .key-hold{fill:var(--c)}
.lockset-trace .stale,.lockset-trace .key-stale{fill:none;stroke:var(--c);stroke-width:1.5;\
stroke-dasharray:4 3}
.lockset-trace .lapse,.lockset-trace .gave-up{stroke:var(--c);stroke-width:2}
.lockset-trace .overlap{fill:var(--bad);fill-opacity:.16}
.lockset-trace .clash,.lockset-trace .key-clash{fill:var(--bad)}
.lockset-trace .flag,.lockset-trace .key-flag{stroke:var(--bad);stroke-width:2;\
stroke-dasharray:5 3}
.lockset-trace .wrote,.lockset-trace .key-wrote{fill:var(--fg);stroke:var(--bg);stroke-width:1.5}
.lockset-trace .refused,.lockset-trace .key-refused{stroke:var(--bad);stroke-width:2.5;\
stroke-linecap:round;fill:none}
.lockset-trace .fence{fill:var(--on);font-size:11px;font-weight:600}
.lockset-trace .hatch{fill:var(--c);fill-opacity:.13}
.lockset-trace .stroke{stroke:var(--c);stroke-opacity:.6;stroke-width:1.4}
.lockset-trace .still{stroke:var(--dim);stroke-opacity:.75;stroke-width:2}
.lockset-trace .still-paper{fill:var(--bg);fill-opacity:.5}
";

/// Writes the style sheet, and the patterns of a picture with `actors` actors.
pub(super) fn write(f: &mut Formatter<'_>, id: &str, actors: usize) -> fmt::Result {
    writeln!(f, "<style>\n{SHEET}</style>\n<defs>")?;
    for colour in 0..actors.clamp(1, COLOURS) {
        writeln!(
            f,
            "<pattern id=\"{id}-w{colour}\" class=\"c{colour}\" width=\"6\" height=\"6\" \
             patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
             <rect class=\"hatch\" width=\"6\" height=\"6\"/>\
             <path class=\"stroke\" d=\"M1 0V6\"/></pattern>"
        )?;
    }
    writeln!(
        f,
        "<pattern id=\"{id}-p\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(-45)\"><rect class=\"still-paper\" width=\"5\" height=\"5\"/>\
         <path class=\"still\" d=\"M1 0V5\"/></pattern>\n</defs>"
    )
}
