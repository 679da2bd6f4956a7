// What our reader of GRUB's script takes and refuses against grub-script-check.
#include "guest/grub_script.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "grub_texts.hpp"
#include "testing/tools.hpp"

using namespace imgport;
using namespace imgport::testing;

TEST(GrubOracle, TakesAndRefusesTheSameScripts)
{
    IMGPORT_NEEDS("grub-script-check");
    // An empty file is missing: grub-script-check refuses it for having no command, and GRUB reads it as any other.
    const std::string texts[] = {
        debian_config(),
        debian_config("set default=\"${saved_entry}\""),
        // blocks
        "menuentry x {\n y\n}\n",
        "menuentry x { y }\n",
        "menuentry x { y; }\n",
        "menuentry x { y\n} \n",
        "menuentry x { y\n}; z\n",
        "menuentry x { y\n} z\n",
        "menuentry x { y\n} { z\n}\n",
        "menuentry x {\n}\n",
        "menuentry x {\n\n# only this\n}\n",
        "menuentry x\n{\n y\n}\n",
        "menuentry x\n",
        "menuentry {\n x\n}\n",
        "menuentry x {\n",
        "menuentry 'x {\n",
        "submenu x {\n menuentry y {\n  z\n }\n}\n",
        "echo {\n x\n}\n",
        "{\n x\n}\n",
        "}\n",
        "x }\n",
        "function f {\n x\n}\nf\n",
        "function f {\n}\nf\n",
        "function f\n{\n x\n}\n",
        "function f a {\n x\n}\n",
        "function f\n",
        "function\n",
        "submenu x {\n function f {\n  b\n }\n}\n",
        "if a; then\n function f {\n  b\n }\nfi\n",
        // conditions
        "if a; then b; fi\n",
        "if a; then b; fi;\n",
        "if a; then b; fi c\n",
        "if a\nthen\n b\nelse\n c\nfi\n",
        "if a; b; then c; elif d; then e; else f; fi\n",
        "if a; then b; else if c; then d; fi; fi\n",
        "if a; then if b; then c; fi fi\n",
        "if ! a; then b; fi\n",
        "if a; then\n # why\n b\nfi\n",
        "if a; then menuentry x {\n b\n}\nfi\n",
        "if a; then menuentry x {\n b\n} fi\n",
        "menuentry x { if a; then b; fi }\n",
        "if [ a = b ] ; then\r\n x\r\nfi\r\n",
        "if a\n",
        "if a; then\n",
        "if a; then\nelse\n",
        "if a; then\nfi\n",
        "if a; then\n b\nelse\nfi\n",
        "if ; then a; fi\n",
        "if a; then ; b; fi\n",
        "if a then b; fi\n",
        "if a; then b; elif c; fi\n",
        "fi\n",
        "then\n",
        "else\n",
        "elif\n",
        "done\n",
        "do\n",
        "in\n",
        "case a in\n",
        "select x\n",
        "echo if then fi done\n",
        // loops
        "while a; b; do c; done\n",
        "until a; do b; done\n",
        "for i in 1 2 3; do\n echo $i\ndone\n",
        "for i in; do a; done\n",
        "for i in a b\ndo\n c\ndone\n",
        "for\n",
        "while a; do b\n",
        "while a; do\ndone\n",
        // ends of commands
        "a;\n",
        "a; b\n",
        "a;; b\n",
        ";\n",
        "a\n;\n",
        "menuentry x { ; b }\n",
        "echo x",
        "x=1;y=2\n",
        // characters
        "a & b\n",
        "a && b\n",
        "a | b\n",
        "a > b\n",
        "a < b\n",
        "echo a&b\n",
        "echo 'a & b' \"a|b\" a\\&b\n",
        "set p=(hd0,1)\n",
        "set x={b}\n",
        "echo a#b # c }\n",
        "linux /k \\\n a b\n",
        "echo \\",
        "echo 'a\nb' \"c\nd\"\n",
        "echo \"a\n",
        "echo $\n",
        "echo \"$\"\n",
        "echo $a$\n",
        "echo '$' \\$ \"\\$\"\n",
        "echo ${a\n",
        "echo ${}\n",
        "echo \"${a b}\"\n",
        "echo \"$(a)\"\n",
        "echo $-\n",
        "echo ${a}b$c \"$d\" ${1} $1 $? $# $* $@\n",
        "echo \xc3\xa4 \xe4\n",
    };
    Workshop const workshop;
    std::string const file = workshop.path() + "/grub.cfg";
    for (auto const &text : texts) {
        std::ofstream(file, std::ios::trunc) << text;
        Command command;
        command.arguments = {"grub-script-check", file};
        auto const said = run(command);
        ASSERT_TRUE(said);
        auto const parsed = parse_grub_script(text);
        EXPECT_EQ(parsed.has_value(), said->status == 0)
            << text << (parsed ? std::string(said->err) : parsed.error().message);
    }
}
