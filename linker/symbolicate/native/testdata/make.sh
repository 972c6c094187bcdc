#!/bin/sh
# Makes the debug files that the tests read: an ELF program of a C compiler, and what a dSYM has of a Mach-O program, which is
# all but the code. The addresses in the tests are those of the files that are checked in.
set -eu
cd "$(dirname "$0")"
gcc -g -O1 -fdebug-prefix-map="$PWD"=/src/shop -nostdlib -static -fno-asynchronous-unwind-tables -Wl,--build-id -Wl,-e,main -o shop-linux-x86_64 shop.c
GOOS=darwin GOARCH=arm64 CGO_ENABLED=0 go build -trimpath -o program-darwin-arm64 ./program
go run ./trim program-darwin-arm64
rm program-darwin-arm64
