# The transactions of the installation that the line names.
function __openclaw_setup_transactions
    set -l place
    set -l option
    for word in (commandline -opc)
        if set -q option[1]
            set -a place $option (string replace -r '^~' $HOME -- $word)
            set option
        else if contains -- $word --user --profile --state-dir
            set option $word
        else if string match -qr '^--(user|profile|state-dir)=' -- $word
            set -a place $word
        end
    end
    openclaw-setup $place history 2>/dev/null | string match -r '^\d{8}-\d{6}[-\d]*'
end
