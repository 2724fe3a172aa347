//! The page: title, lead, sections; one style; two languages.

use crate::{Table, both, escape, prose};
use ingot_base::{Lang, Text};
use std::fmt::Write as _;

const STYLE: &str = include_str!("style.css");
/// How every page ends.
const END: &str = "</main></body></html>\n";
/// How a list of sections ends.
const LISTED: &str = "</ol></nav>";
/// From this many sections on a page lists them at its top.
const CONTENTS: usize = 4;

/// A report page.
#[derive(Debug, Clone)]
pub struct Page {
    title: Text,
    lead: Vec<Text>,
    sections: Vec<Section>,
}

/// A part of a page under its own heading.
#[derive(Debug, Clone)]
pub struct Section {
    title: Text,
    body: String,
}

impl Page {
    /// An empty page.
    pub fn new(title: Text) -> Self {
        Self { title, lead: Vec::new(), sections: Vec::new() }
    }

    /// A sentence below the title; may be called more than once.
    pub fn lead(&mut self, text: Text) -> &mut Self {
        self.lead.push(text);
        self
    }

    /// Starts a section at the end of the page.
    pub fn section(&mut self, title: Text) -> &mut Section {
        let index = self.sections.len();
        self.sections.push(Section::new(title));
        &mut self.sections[index]
    }

    /// The page as one HTML file that opens in the given language.
    pub fn html(&self, default: Lang) -> String {
        let checked = |lang: Lang| if lang == default { " checked" } else { "" };
        let mut out = String::with_capacity(64 << 10);
        let _ = write!(
            out,
            "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\
             <title>{} · {}</title><style>{STYLE}</style></head><body>\
             <input type=\"radio\" name=\"lang\" id=\"lang-en\" aria-label=\"English\"{}><input type=\"radio\" name=\"lang\" id=\"lang-zh\" aria-label=\"中文\"{}>\
             <div class=\"bar\"><span class=\"mark\">Ingot</span><span class=\"langs\"><label for=\"lang-en\">English</label>\
             <label for=\"lang-zh\">中文</label></span></div><main><header><h1>{}</h1>",
            default.tag(),
            escape(&self.title.en),
            escape(&self.title.zh),
            checked(Lang::En),
            checked(Lang::Zh),
            both(&self.title),
        );
        for lead in &self.lead {
            let _ = write!(out, "<p class=\"lead\">{}</p>", prose(lead));
        }
        out.push_str("</header>");
        if self.sections.len() >= CONTENTS {
            out.push_str("<nav><ol>");
            for (index, section) in self.sections.iter().enumerate() {
                let title = both(&section.title);
                let _ = write!(out, "<li><a href=\"#s{}\">{title}</a></li>", index + 1);
            }
            out.push_str(LISTED);
        }
        for (index, section) in self.sections.iter().enumerate() {
            out.push_str(&section.html(index + 1));
        }
        out.push_str(END);
        out
    }
}

impl Section {
    /// An empty section.
    pub fn new(title: Text) -> Self {
        Self { title, body: String::new() }
    }

    fn html(&self, number: usize) -> String {
        let title = both(&self.title);
        format!("<section id=\"s{number}\"><h2>{title}</h2>{}</section>", self.body)
    }

    /// A paragraph.
    #[expect(clippy::needless_pass_by_value, reason = "a builder takes what it is given")]
    pub fn paragraph(&mut self, text: Text) -> &mut Self {
        let _ = write!(self.body, "<p>{}</p>", prose(&text));
        self
    }

    /// A remark that must not be missed.
    #[expect(clippy::needless_pass_by_value, reason = "a builder takes what it is given")]
    pub fn note(&mut self, text: Text) -> &mut Self {
        let _ = write!(self.body, "<p class=\"note\">{}</p>", prose(&text));
        self
    }

    /// Key figures as tiles: label and value.
    pub fn facts(&mut self, facts: Vec<(Text, Text)>) -> &mut Self {
        self.body.push_str("<dl class=\"facts\">");
        for (label, value) in facts {
            let _ = write!(
                self.body,
                "<div><dt>{}</dt><dd>{}</dd></div>",
                prose(&label),
                prose(&value)
            );
        }
        self.body.push_str("</dl>");
        self
    }

    /// A table.
    #[expect(clippy::needless_pass_by_value, reason = "a builder takes what it is given")]
    pub fn table(&mut self, table: Table) -> &mut Self {
        self.body.push_str(&table.html());
        self
    }

    /// A picture made by [`chart`](crate::chart) or by another room; the SVG is trusted markup, its caption is not.
    #[expect(clippy::needless_pass_by_value, reason = "a builder takes what it is given")]
    pub fn figure(&mut self, caption: Text, svg: String) -> &mut Self {
        let _ =
            write!(self.body, "<figure><figcaption>{}</figcaption>{svg}</figure>", prose(&caption));
        self
    }

    /// As [`Section::figure`], a picture for each language, of which the page shows the reader's.
    #[expect(clippy::needless_pass_by_value, reason = "a builder takes what it is given")]
    pub fn figure_in_both(&mut self, caption: Text, svg: &Text) -> &mut Self {
        let _ = write!(
            self.body,
            "<figure><figcaption>{}</figcaption><span class=\"en\">{}</span><span class=\"zh\">{}</span></figure>",
            prose(&caption),
            svg.en,
            svg.zh
        );
        self
    }
}

/// A page's file with one section more at its end: what became known after the page was made.
pub fn with_section(html: &str, section: &Section) -> String {
    let number = html.matches("<section id=\"s").count() + 1;
    let link = format!("<li><a href=\"#s{number}\">{}</a></li>{LISTED}", both(&section.title));
    let html = html.replacen(LISTED, &link, 1);
    match html.rsplit_once(END) {
        Some((before, _)) => format!("{before}{}{END}", section.html(number)),
        None => html,
    }
}

/// A page's file so that it opens in this language.
pub fn opened_in(html: &str, lang: Lang) -> String {
    let (own, other) = match lang {
        Lang::En => (Lang::En, Lang::Zh),
        Lang::Zh => (Lang::Zh, Lang::En),
    };
    let root = |lang: Lang| format!("<html lang=\"{}\">", lang.tag());
    let choice = match own {
        Lang::En => "id=\"lang-en\" aria-label=\"English\"",
        Lang::Zh => "id=\"lang-zh\" aria-label=\"中文\"",
    };
    html.replacen(&root(other), &root(own), 1).replacen(" checked>", ">", 1).replacen(
        choice,
        &format!("{choice} checked"),
        1,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cell, Column};

    #[test]
    fn a_section_that_comes_later_stands_as_if_it_had_been_there() {
        let page = |count: usize| {
            let mut page = Page::new(Text::new("A", "甲"));
            for number in 0..count {
                page.section(Text::new(format!("S{number} <b>"), "节")).paragraph(Text::same("x"));
            }
            page.html(Lang::En)
        };
        let mut last = Section::new(Text::new("S4 <b>", "节"));
        last.paragraph(Text::same("x"));
        assert_eq!(with_section(&page(4), &last), page(5));
        let mut third = Section::new(Text::new("S2 <b>", "节"));
        third.paragraph(Text::same("x"));
        assert_eq!(with_section(&page(2), &third), page(3));
    }

    #[test]
    fn holds_both_languages_and_escapes_names() {
        let mut page = Page::new(Text::new("Data report", "数据报告"));
        page.lead(Text::same("<script>"));
        page.section(Text::new("Rules", "规则")).table(Table {
            columns: vec![Column::text(Text::same("a")), Column::number(Text::same("n"))],
            rows: vec![vec![Cell::same("<x>"), Cell::number(1.5, 1)]],
        });
        let html = page.html(Lang::Zh);
        assert!(html.contains("数据报告") && html.contains("Data report"));
        assert!(!html.contains("<script") && html.contains("&lt;x&gt;"));
        assert!(html.contains("id=\"lang-zh\" aria-label=\"中文\" checked"));
        assert_eq!(opened_in(&page.html(Lang::En), Lang::Zh), html);
        assert_eq!(opened_in(&html, Lang::Zh), html);
        assert_eq!(opened_in(&html, Lang::En), page.html(Lang::En));
        assert!(!html.contains("<nav>"));
        assert!(!html.contains("http://") && !html.contains("https://"));
    }

    #[test]
    fn long_pages_list_their_sections() {
        let mut page = Page::new(Text::same("t"));
        for index in 1..=CONTENTS {
            page.section(Text::same(format!("part {index}")));
        }
        let html = page.html(Lang::En);
        assert!(
            html.contains("<a href=\"#s4\">part 4</a>") && html.contains("<section id=\"s4\">")
        );
    }
}
