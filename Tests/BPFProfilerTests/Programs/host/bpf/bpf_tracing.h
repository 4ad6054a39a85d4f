// Programs are functions.
#pragma once

#define BPF_PROG(name, arguments...) name(arguments)
