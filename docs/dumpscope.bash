# SPDX-License-Identifier: Apache-2.0
# bash completion for dumpscope; made by `dumpscope --completion bash`.
_dumpscope()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} first=1 key='' words='' files=-f
	[[ ${COMP_WORDS[1]} == --json ]] && first=2
	if ((COMP_CWORD > first)); then
		case ${COMP_WORDS[first]} in
		convert|explain|schemas|symbols|undname) key=${COMP_WORDS[first]} ;;
		esac
		[[ $key == symbols ]] && ((COMP_CWORD > first + 1)) && key+=" ${COMP_WORDS[first+1]}"
	fi
	case $key in
	'') words=' -z -c -cf -cfr -i -y -srcpath -logo -loga -logou -logau
		-sflags -clines -ee -v -n -s -sins -snul -ses -noshell -netsyms --json
		--timeout --max-memory --allow-shell --fail-on --no-colour --help --version'
		((COMP_CWORD == first)) && words+=' convert explain schemas symbols undname run' ;;
	symbols) files= words=' list fetch pack verify export --help' ;;
	'convert') words=' --type --to --comment --overwrite --json' ;;
	'explain') words='' ;;
	'schemas') words='' files= ;;
	'undname') words=' -n -d' ;;
	'symbols list') words=' -y --only --json --list' ;;
	'symbols fetch') words=' -y --only --retry --json --list' ;;
	'symbols pack') words=' -o -y --only --retry --json --list' ;;
	'symbols verify') words=' --all --json' ;;
	'symbols export') words=' -o -y --json' ;;
	esac
	case "$key $prev" in
	'convert --to') words=' full bitmap' files= ;;
	'symbols list --only') words=' pdb image' files= ;;
	'symbols fetch --only') words=' pdb image' files= ;;
	'symbols pack --only') words=' pdb image' files= ;;
	' -ee') words='masm c++' files= ;;
	' -netsyms') words='yes no' files= ;;
	' --fail-on') words='info warning critical' files= ;;
	' -c'|' -sflags'|' -clines'|' --timeout'|' --max-memory') words='' files= ;;
	' -z'|' -cf'|' -cfr'|' -logo'|' -loga'|' -logou'|' -logau') words='' ;;
	' -i'|' -y'|' -srcpath') words='' files=-d ;;
	'symbols '*' -y') words='' files=-d ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur"
		[[ $files && $cur != -* ]] && compgen $files -- "$cur")
}
complete -o filenames -F _dumpscope dumpscope
