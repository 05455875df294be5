//! Small pieces of HTML. Everything that comes from outside is escaped here.

use std::fmt::Write;

/// Text made safe for elements and attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A table of two columns.
pub fn facts(rows: &[(&str, String)]) -> String {
    let mut out = String::from("<table class=facts>");
    for (name, value) in rows {
        // Writing to a String cannot fail.
        let _ = write!(out, "<tr><th>{}<td>{}", escape(name), escape(value));
    }
    out + "</table>"
}

/// A picture with a line below it; `width` in pixels on the page.
pub fn figure(address: &str, width: usize, caption: &str) -> String {
    let caption = escape(caption);
    format!(
        "<figure><img src=\"{address}\" width={width} alt=\"{caption}\"><figcaption>{caption}</figcaption></figure>"
    )
}

const STYLE: &str = include_str!("style.css");

/// A whole page that needs no network: its title, its sections, and at its end by what it was written.
pub fn document(title: &str, sections: &str, written: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style>\n<h1>{title}</h1>\n{sections}<footer>{}</footer></html>\n",
        escape(written),
        title = escape(title),
    )
}

/// A section with a heading.
pub fn section(title: &str, body: &str) -> String {
    format!("<section><h2>{}</h2>{body}</section>\n", escape(title))
}
