use crate::model::{InstanceHealth, ServiceInstance};
use crate::ports::{Checked, InstanceChange, InstanceStep};

/// Checks failed in a row after which an instance is down.
pub const CHECK_FAILURES_DOWN: u32 = 3;
/// Checks passed in a row after which one that was down is up again; one that never was checked needs a single one.
pub const CHECK_SUCCESSES_UP: u32 = 2;

/// How an instance stands by its checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub health: InstanceHealth,
    /// Checks failed in a row.
    pub failures: u32,
    /// Checks passed in a row.
    pub successes: u32,
}

impl Standing {
    /// Of one that nobody has checked yet.
    pub const UNCHECKED: Self = Self { health: InstanceHealth::Unknown, failures: 0, successes: 0 };
    /// Of one that has nothing to be checked by: its heartbeats tell.
    pub const TRUSTED: Self = Self { health: InstanceHealth::Up, failures: 0, successes: 0 };

    #[must_use]
    pub const fn of(instance: &ServiceInstance) -> Self {
        let ServiceInstance { health, failures, successes, .. } = *instance;
        Self { health, failures, successes }
    }

    /// Of one that registers, which may be known: after the check that was made, None when it has nothing to be
    /// checked by.
    #[must_use]
    pub fn renewed(before: Option<&ServiceInstance>, checked: Option<bool>) -> Self {
        match (checked, before.map(Self::of)) {
            (None, _) => Self::TRUSTED,
            // Who registers has just started: what its earlier self did wrong says nothing of it.
            (Some(passed), Some(Self { health: InstanceHealth::Down, .. }) | None) => {
                Self::UNCHECKED.after(passed)
            }
            (Some(passed), Some(before)) => before.after(passed),
        }
    }

    /// Each of the instances that were checked, with how it stands now.
    #[must_use]
    pub fn after_checks<'a>(
        before: &'a [ServiceInstance],
        checked: &[Checked],
    ) -> Vec<(&'a ServiceInstance, Self)> {
        let passed = |instance: &ServiceInstance| {
            checked.iter().find(|check| check.instance == instance.id).map(|check| check.passed)
        };
        let after = |instance| passed(instance).map(|passed| (instance, Self::of(instance).after(passed)));
        before.iter().filter_map(after).collect()
    }

    /// What others are told when an instance comes to stand like this.
    #[must_use]
    pub fn change_of(self, before: &ServiceInstance) -> Option<InstanceChange> {
        let step = InstanceStep::of_health(self.health)?;
        (before.health != self.health).then(|| InstanceChange::of(step, before))
    }

    /// After one more check.
    #[must_use]
    pub const fn after(self, passed: bool) -> Self {
        if passed { self.after_success() } else { self.after_failure() }
    }

    const fn after_success(self) -> Self {
        let successes = self.successes.saturating_add(1);
        let health = match self.health {
            InstanceHealth::Down if successes < CHECK_SUCCESSES_UP => InstanceHealth::Down,
            _ => InstanceHealth::Up,
        };
        Self { health, failures: 0, successes }
    }

    const fn after_failure(self) -> Self {
        let failures = self.failures.saturating_add(1);
        let health = if failures < CHECK_FAILURES_DOWN { self.health } else { InstanceHealth::Down };
        Self { health, failures, successes: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::InstanceHealth::{Down, Unknown, Up};
    use super::*;

    fn through(checks: &[bool]) -> Vec<InstanceHealth> {
        let mut standing = Standing::UNCHECKED;
        let step = |passed: &bool| {
            standing = standing.after(*passed);
            standing.health
        };
        checks.iter().map(step).collect()
    }

    #[test]
    fn a_new_instance_is_up_after_one_check() {
        assert_eq!(through(&[true]), [Up]);
        assert_eq!(through(&[false, true]), [Unknown, Up]);
    }

    #[test]
    fn three_failures_in_a_row_take_it_down() {
        assert_eq!(through(&[true, false, false, false]), [Up, Up, Up, Down]);
        assert_eq!(through(&[true, false, false, true, false, false]), [Up; 6]);
        assert_eq!(through(&[false, false, false]), [Unknown, Unknown, Down]);
    }

    #[test]
    fn two_successes_in_a_row_bring_it_up_again() {
        let down = [false, false, false];
        assert_eq!(through(&[&down[..], &[true, true]].concat())[2..], [Down, Down, Up]);
        assert_eq!(
            through(&[&down[..], &[true, false, true, true]].concat())[2..],
            [Down, Down, Down, Down, Up]
        );
    }
}
