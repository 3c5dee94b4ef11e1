//! Names, in one rule: what a name means in DataFusion, in upper case and in quotation marks.
//!
//! That is what Snowflake understands by a name without quotation marks, and how Daybook makes its tables there. In
//! quotation marks, a name may be a word that only Snowflake reserves.

use sqlparser::ast::{
    Ident, ObjectName, ObjectNamePart, Query, Select, SelectItem, SelectItemQualifiedWildcardKind,
    TableAlias, TableFactor,
};

/// A name.
pub(super) fn quote(name: &mut Ident) {
    name.value.make_ascii_uppercase();
    name.quote_style = Some('"');
}

/// A name with those of what it lies in.
pub(super) fn quote_path(path: &mut ObjectName) {
    for part in &mut path.0 {
        if let ObjectNamePart::Identifier(name) = part {
            quote(name);
        }
    }
}

/// The names that the columns of a `select` are given.
pub(super) fn quote_columns(select: &mut Select) {
    for item in &mut select.projection {
        match item {
            SelectItem::ExprWithAlias { alias, .. } => quote(alias),
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(table), _) => {
                quote_path(table);
            }
            _ => {}
        }
    }
}

/// The names that a table in `from` and its columns are given.
pub(super) fn quote_table(table: &mut TableFactor) {
    if let TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } =
        table
    {
        quote_alias(alias);
    }
}

/// The names of common table expressions and their columns.
pub(super) fn quote_common_tables(query: &mut Query) {
    for table in query.with.iter_mut().flat_map(|with| &mut with.cte_tables) {
        quote_alias(&mut table.alias);
    }
}

fn quote_alias(alias: &mut TableAlias) {
    quote(&mut alias.name);
    alias.columns.iter_mut().for_each(|column| quote(&mut column.name));
}
