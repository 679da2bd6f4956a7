// imgport batch: many images, resumable.
#include "batch.hpp"

#include "verbs.hpp"

namespace imgport::cli {

void add_batch(Program &program)
{
    CLI::App &batch = program.add_parent_verb("batch", "Prepares many images, and goes on where it was stopped",
                                              "  imgport batch plan disks/\n"
                                              "  imgport batch run disks/ --output out\n"
                                              "  imgport batch run jobs.toml --output out --jobs 4\n"
                                              "  imgport batch status out\n");
    add_batch_plan(program, batch);
    add_batch_run(program, batch);
    add_batch_status(program, batch);
    add_batch_retry(program, batch);
    add_batch_cancel(program, batch);
    add_batch_work(program, batch);
}

}  // namespace imgport::cli
