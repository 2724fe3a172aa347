//! Bilingual single-file HTML reports and SVG charts.
