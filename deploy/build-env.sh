# shellcheck shell=bash
# What every build of this tree is told. Sourced with the tree's root as the working directory.

# Some runners have no home, and ccache would give up.
if [[ -z ${HOME:-} && -z ${CCACHE_DIR:-} ]]; then export CCACHE_DIR=$PWD/.cache/ccache; fi
# An object is the same wherever the clone stands, so that clones share one cache. The price: debug
# information may name the folder of the clone that compiled it first.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$PWD} CCACHE_NOHASHDIR=1
# What ccache must overlook to take part where headers are precompiled (CMake's manual says which).
export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros,include_file_mtime,include_file_ctime}
