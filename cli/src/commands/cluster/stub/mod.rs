pub mod slurm_rest;
