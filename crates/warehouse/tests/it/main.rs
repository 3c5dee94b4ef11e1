//! What every warehouse promises, asked of each, and what only Snowflake has.
//!
//! The same scenarios run on Delta tables in a folder and on the stand-in for Snowflake; on a real account, too, when
//! they are asked for: see docs/snowflake.md.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod building;
mod dump;
mod keeping;
mod lookups;
mod publishing;
mod snowflake;
mod values;
mod world;

/// A test of every scenario on every warehouse.
macro_rules! conformance {
    ($($module:ident::$scenario:ident,)*) => {
        mod on_delta {
            $(#[tokio::test]
            async fn $scenario() {
                super::$module::$scenario(&mut super::world::World::delta().await).await;
            })*
        }

        mod on_snowflake {
            $(#[tokio::test]
            async fn $scenario() {
                super::$module::$scenario(&mut super::world::World::snowflake().await).await;
            })*
        }

        mod on_an_account {
            $(#[tokio::test]
            #[ignore = "needs an account of Snowflake: see docs/snowflake.md"]
            async fn $scenario() {
                let mut world = super::world::World::account().await;
                super::$module::$scenario(&mut world).await;
                world.clean().await;
            })*
        }
    };
}

conformance! {
    publishing::a_first_load_is_what_readers_see,
    publishing::a_run_that_is_repeated_changes_nothing,
    publishing::readers_see_nothing_of_a_build_until_it_is_published,
    publishing::a_run_that_fails_leaves_what_was,
    publishing::of_two_builds_from_one_state_one_publishes,
    publishing::an_empty_day_is_closed,
    building::late_rows_come_in_and_what_is_absent_stays,
    building::a_line_follows_its_order_to_a_date_that_is_built_by_itself,
    building::a_snapshot_shows_each_day_as_it_ended,
    building::dates_are_built_again_within_a_build,
    building::a_view_shows_all_tables_that_are_built_at_the_same_time,
    building::a_build_reads_many_small_dates_as_readers_do,
    building::a_preview_is_seen_by_its_build_and_writes_nothing,
    building::a_table_without_dates_is_built_as_a_whole,
    building::a_table_gets_a_new_column,
    values::types_and_nulls_are_kept,
    values::what_is_not_a_number_is_greater_than_all_that_is,
    values::extreme_values_are_kept,
    values::any_text_is_kept,
    keeping::old_publications_go,
    keeping::a_reader_ends_with_the_books_it_began_with,
    keeping::questions_change_nothing,
}
