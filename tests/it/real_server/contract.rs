//! The contract, as Better Auth itself keeps it.

use crate::contract::subject::Subject;

crate::contract::suite!(Subject::real());
