//! The systemd user manager over D-Bus, drop-in syntax, environment rules.
