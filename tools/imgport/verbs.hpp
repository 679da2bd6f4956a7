// The verbs; each is in the file of its name.
#pragma once

#include "cli.hpp"

namespace imgport::cli {

void add_probe(Program &program);
void add_inspect(Program &program);
void add_check(Program &program);
void add_convert(Program &program);
void add_prepare(Program &program);
void add_verify(Program &program);
void add_digest(Program &program);
void add_upload(Program &program);
void add_uploads(Program &program);
void add_import(Program &program);
void add_batch(Program &program);
void add_rules(Program &program);
void add_explain(Program &program);
void add_doctor(Program &program);
void add_completion(Program &program);
void add_manual(Program &program);

}  // namespace imgport::cli
