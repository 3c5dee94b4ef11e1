//! Which models a person means: names, with `+` for what they read and what reads them.

use std::collections::BTreeSet;

use super::Registry;

impl Registry {
    /// The models that `selectors` mean: `name`, `name+` with all that depends on it, `+name` with all that it depends
    /// on, or both; every model when there are none.
    ///
    /// # Errors
    /// A line that says which name is unknown.
    pub fn select(&self, selectors: &[String]) -> Result<BTreeSet<String>, String> {
        if selectors.is_empty() {
            return Ok(self.models().iter().map(|model| model.name.clone()).collect());
        }
        let mut selected = BTreeSet::new();
        for selector in selectors {
            let name = selector.trim_matches('+');
            if self.get(name).is_none() {
                return Err(format!(
                    "there is no model '{name}': `daybook models list` shows which there are"
                ));
            }
            selected.insert(name.to_owned());
            if selector.ends_with('+') {
                selected.extend(self.dependents(name));
            }
            if selector.starts_with('+') {
                selected.extend(self.dependencies(name).into_iter().filter(|read| self.get(read).is_some()));
            }
        }
        Ok(selected)
    }

    /// All models that read `name`, directly or through others.
    pub fn dependents(&self, name: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for model in self.models() {
            if model.reads.keys().any(|read| read == name || found.contains(read)) {
                found.insert(model.name.clone());
            }
        }
        found
    }

    /// The tables and sources that `name` reads, directly or through views.
    pub fn tables_read(&self, name: &str) -> BTreeSet<String> {
        let mut tables = BTreeSet::new();
        for read in self.get(name).into_iter().flat_map(|model| model.reads.keys()) {
            match self.get(read) {
                Some(view) if !view.is_stored() => tables.extend(self.tables_read(read)),
                _ => {
                    tables.insert(read.clone());
                }
            }
        }
        tables
    }

    /// All models and sources that `name` reads, directly or through others.
    pub fn dependencies(&self, name: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open = vec![name.to_owned()];
        while let Some(name) = open.pop() {
            let reads = self.get(&name).into_iter().flat_map(|model| model.reads.keys());
            open.extend(reads.filter(|read| found.insert((*read).clone())).cloned());
        }
        found
    }
}
