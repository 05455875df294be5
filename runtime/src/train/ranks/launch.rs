//! Whether a launcher (`mpirun`, `mpiexec`, `srun`) has started this process together with others. Reads the environment
//! variables that launchers set; calls no MPI.

use std::fmt;

/// What a launcher says of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launched {
    /// How many processes it has started; None where it does not say.
    pub processes: Option<usize>,
    /// Who says so.
    pub launcher: &'static str,
}

impl fmt::Display for Launched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.processes {
            Some(count) => write!(f, "{count} processes that {} has started", self.launcher),
            None => write!(f, "several processes that {} has started", self.launcher),
        }
    }
}

/// Variables that hold the number of processes, and which launchers set them.
const COUNTS: [(&str, &str); 3] = [
    ("OMPI_COMM_WORLD_SIZE", "Open MPI's `mpirun`"),
    ("PMI_SIZE", "`mpiexec`"),
    ("MV2_COMM_WORLD_SIZE", "MVAPICH's `mpirun`"),
];

/// The launcher, where this process is one of several.
pub fn launched() -> Option<Launched> {
    detect(|name| std::env::var(name).ok())
}

fn detect(variable: impl Fn(&str) -> Option<String>) -> Option<Launched> {
    let number = |name: &str| variable(name)?.trim().parse::<usize>().ok();
    let told = COUNTS
        .iter()
        .find_map(|(name, launcher)| Some((number(name)?, *launcher)));
    // The script of a batch job is no process of `srun`, though it has its number of tasks.
    let is_script =
        variable("ENVIRONMENT").as_deref() == Some("BATCH") && variable("SLURM_STEP_ID").is_none();
    let slurm = || {
        number("SLURM_PROCID").filter(|_| !is_script)?;
        let count = number("SLURM_STEP_NUM_TASKS").or_else(|| number("SLURM_NTASKS"))?;
        Some((count, "`srun`"))
    };
    match told.or_else(slurm) {
        Some((0 | 1, _)) => None,
        Some((count, launcher)) => Some(Launched {
            processes: Some(count),
            launcher,
        }),
        None => variable("PMIX_RANK").map(|_| Launched {
            processes: None,
            launcher: "a launcher that speaks PMIx",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(variables: &[(&str, &str)]) -> Option<Option<usize>> {
        let find = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        detect(find).map(|launched| launched.processes)
    }

    #[test]
    fn launchers_are_noticed() {
        assert_eq!(count(&[]), None);
        assert_eq!(count(&[("OMPI_COMM_WORLD_SIZE", "4")]), Some(Some(4)));
        assert_eq!(count(&[("PMI_SIZE", "2")]), Some(Some(2)));
        assert_eq!(count(&[("PMIX_RANK", "1")]), Some(None));
        let one = [("OMPI_COMM_WORLD_SIZE", "1"), ("PMIX_RANK", "0")];
        assert_eq!(count(&one), None);
    }

    #[test]
    fn tasks_of_srun_are_told_from_the_script_that_calls_it() {
        let task = [("SLURM_NTASKS", "8"), ("SLURM_PROCID", "3")];
        assert_eq!(count(&task), Some(Some(8)));
        let script = [&task[..], &[("ENVIRONMENT", "BATCH")]].concat();
        assert_eq!(count(&script), None);
        let step = [("SLURM_STEP_ID", "0"), ("SLURM_STEP_NUM_TASKS", "2")];
        assert_eq!(count(&[&script[..], &step].concat()), Some(Some(2)));
        assert_eq!(count(&[("SLURM_NTASKS", "8")]), None);
    }
}
