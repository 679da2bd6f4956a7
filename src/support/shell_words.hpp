// Words for a POSIX shell to read back as they are.
#pragma once

#include <string>

namespace imgport {

// As it is where nothing in it means anything to a shell, else in single quotes.
std::string shell_word(const std::string &text);

}  // namespace imgport
