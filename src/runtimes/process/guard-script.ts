/**
 * What the guard runs. It is a shell script because it is there from the first process of a node to the last: a shell takes a megabyte
 * and starts at once. It reads from its host until the host says `bye` or is gone, however it went. In the latter case it kills whatever
 * carries the owner's mark in its environment, and the process groups it was told of, until nothing is left, and removes what it was
 * given to remove.
 *
 * Arguments: the mark (`COXSWAIN_OWNER=...`), a control group to kill ('' if there is none), a command to run at the end, then folders.
 * Lines it reads: `+ GROUP` and `- GROUP` (a process group begins, has ended), `bye`.
 */
export const guardScript = `
trap '' HUP INT QUIT TERM PIPE
mark=$1 cgroup=$2 last=$3
shift 3
groups=' '
while IFS= read -r line; do
  case $line in
    bye) exit 0 ;;
    '+ '*) groups="$groups\${line#+ } " ;;
    '- '*)
      group=\${line#- }
      case $groups in
        *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;;
      esac
      ;;
  esac
done
marked() {
  for file in $(grep -lF -e "$mark" /proc/[0-9]*/environ 2>/dev/null); do
    file=\${file#/proc/}
    echo "\${file%/environ}"
  done
}
round=0
while [ $round -lt 200 ]; do
  [ -n "$cgroup" ] && echo 1 2>/dev/null >"$cgroup/cgroup.kill"
  for group in $groups; do kill -9 "-$group" 2>/dev/null; done
  pids=$(marked)
  if [ -z "$pids" ]; then
    quiet=$((quiet + 1))
    [ $quiet -ge 2 ] && break
  else
    quiet=0
    kill -STOP $pids 2>/dev/null
    kill -9 $pids 2>/dev/null
  fi
  round=$((round + 1))
  sleep 0.02 2>/dev/null || sleep 1
done
[ -n "$last" ] && eval "$last"
if [ $# -gt 0 ]; then
  rm -rf -- "$@"
  # What a cluster made in the system's temporary folder to hold that of the node goes with the last of them.
  outer=\${1%/*}
  case \${outer##*/} in coxswain-*) rmdir -- "$outer" 2>/dev/null ;; esac
fi
exit 0
`;
