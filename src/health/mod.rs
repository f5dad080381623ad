//! Probes of the running gateway, and the gate that they form.
