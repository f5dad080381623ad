_openclaw_setup_values() {
    local word command= words= before=("${COMP_WORDS[@]:1:COMP_CWORD-1}")
    for word in "${before[@]}"; do
        case $word in
            doctor|explain|rollback|install|upgrade) command=$word; break ;;
        esac
    done
    case $3,$2,$command in
        --user,*) words=$(compgen -u) ;;
        *,-*|VALUED,*) ;;
        *,doctor) words="CHECKS" ;;
        *,explain) words="CODES" ;;
        *,rollback) words=$(_openclaw_setup_transactions "${before[@]}") ;;
        *,install|*,upgrade) words=$(PAYLOADS; compgen -f -- "$2") ;;
    esac
    if [[ -n $words ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$2"))
    else
        _openclaw__setup "$@"
    fi
}
complete -F _openclaw_setup_values -o bashdefault -o default openclaw-setup
