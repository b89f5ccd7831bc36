//! How shared work would fall on so many tasks, before anybody is asked for them.

/// How a stage falls on its tasks, by the rule that item `i` is part of share `i mod N`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// Items of the stage.
    pub items: u64,
    /// Bytes they read.
    pub bytes: u64,
    /// Items of the fullest task.
    pub most_items: u64,
    /// Bytes of the fullest task: the stage ends when it does.
    pub longest: u64,
    /// Bytes that the others could have read while they wait for it: what the barrier costs.
    pub idle: u64,
}

/// The load of a stage whose units have so many items that read so many bytes together, on `tasks`. No tasks are one.
pub fn load(units: &[(u64, u64)], tasks: u64) -> Load {
    let tasks = tasks.max(1);
    let (items, bytes) =
        units.iter().fold((0, 0_u64), |sum, unit| (sum.0 + unit.0, sum.1.saturating_add(unit.1)));
    // Only tasks that a border between units falls on differ from their neighbours; all are counted, for there are few.
    let mut longest = 0;
    for task in 0..tasks.min(items) {
        let mut before = 0;
        let mut own = 0.0;
        for (items, bytes) in units {
            let mine = share(before + items, task, tasks) - share(before, task, tasks);
            own += *bytes as f64 * mine as f64 / (*items).max(1) as f64;
            before += items;
        }
        longest = longest.max(own.ceil() as u64);
    }
    let idle = longest.saturating_mul(tasks).saturating_sub(bytes);
    Load { items, bytes, most_items: items.div_ceil(tasks), longest, idle }
}

/// How many of the first `items` are the task's.
fn share(items: u64, task: u64, tasks: u64) -> u64 {
    items / tasks + u64::from(items % tasks > task)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_cover_every_item_once() {
        for items in 0..40 {
            for tasks in 1..12 {
                let counted: Vec<u64> = (0..tasks)
                    .map(|task| (0..items).filter(|item| item % tasks == task).count() as u64)
                    .collect();
                let told: Vec<u64> = (0..tasks).map(|task| share(items, task, tasks)).collect();
                assert_eq!(told, counted, "{items} {tasks}");
            }
        }
    }

    #[test]
    fn the_fullest_task_is_what_a_stage_takes() {
        let expected = Load { items: 10, bytes: 1000, most_items: 3, longest: 300, idle: 200 };
        assert_eq!(load(&[(10, 1000)], 4), expected);
        // A zip is one item: nobody can help.
        assert_eq!(load(&[(10, 100), (1, 5000)], 11).longest, 5000);
        assert_eq!(load(&[], 4), Load { items: 0, bytes: 0, most_items: 0, longest: 0, idle: 0 });
    }

    #[test]
    fn a_fused_brain_of_120_tb_is_planned_by_arithmetic() {
        // 16 tiles of 27000 x 10640 x 14192 voxels of two bytes, in items of 2 GiB.
        let bytes = 16 * 27_000 * 10_640 * 14_192 * 2;
        let found = load(&[(16 * 4158, bytes)], 64);
        assert_eq!((found.items, found.most_items), (66_528, 1040));
        assert!(found.idle < bytes / 1000, "{found:?}");
    }
}
