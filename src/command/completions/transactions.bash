# The transactions, one id a line, of the installation that the words of the call name; what the
# shell has taken apart at a = counts as well. For bash and zsh.
_openclaw_setup_transactions() {
    local word option= place=()
    for word in "$@"; do
        case $option,$word in
            ?*,=) ;;
            ?*,*) place+=("$option" "${word/#\~/$HOME}"); option= ;;
            ,--user|,--profile|,--state-dir) option=$word ;;
            ,--user=*|,--profile=*|,--state-dir=*) place+=("$word") ;;
        esac
    done
    openclaw-setup "${place[@]}" history 2>/dev/null | grep -oE "^[0-9]{8}-[0-9]{6}[-0-9]*"
}
