//! `docs/recipe.schema.json`: what `ingot schema` prints, for editors that read it from the repository.

use crate::{Fallible, tree};

const PATH: &str = "docs/recipe.schema.json";

/// Writes the schema, or checks it.
pub(crate) fn run(check: bool) -> Fallible<String> {
    tree::publish(PATH, &format!("{:#}\n", ingot_recipe::json_schema()), check)
}

#[cfg(test)]
mod tests {
    use crate::tree;

    /// A reader copies what the README shows: it must be a recipe.
    #[test]
    fn the_recipes_in_both_readmes_are_right() {
        for page in ["README.md", "README.zh-CN.md"] {
            let text = tree::text(page).unwrap().unwrap();
            let recipes: Vec<&str> = text
                .split("```toml\n")
                .skip(1)
                .map(|rest| rest.split_once("```").unwrap().0)
                .collect();
            // Others are parts of one.
            let whole: Vec<&str> =
                recipes.into_iter().filter(|text| text.contains("[project]")).collect();
            assert_eq!(whole.len(), 1, "{page}");
            for recipe in whole {
                if let Err(faults) = ingot_recipe::parse(page, recipe) {
                    let said: Vec<String> = faults
                        .iter()
                        .map(|fault| fault.render(ingot_base::Lang::En, false))
                        .collect();
                    panic!("{}", said.join("\n"));
                }
            }
        }
    }
}
