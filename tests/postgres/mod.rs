//! The PostgreSQL adapter against real servers.

mod cluster;
