# Starts a script as perl would, and says at its end which lines of the files of the tool ran.
#
# Arguments: a word that nobody can guess, the folder of the tool, the script, its arguments. The last line on standard
# error is the word and, for each file, the lines.
package Toolsmith::Lines;
my ($mark, $root, %seen);
BEGIN {
    ($mark, $root) = splice @ARGV, 0, 2;
    sub DB::DB { my (undef, $file, $line) = caller; $seen{$file}{$line} = 1 }
    # Each statement is told, and none is taken into the condition before it.
    $^P = 0x06;
    $DB::single = 1;
}
my $process = $$;
END {
    my $code = $?;
    $^P = 0;
    if ($$ == $process) {
        my @words = $mark;
        for my $file (grep { index($_, "$root/") == 0 } keys %seen) {
            (my $path = substr $file, 1 + length $root) =~ s/([^\w.\/-])/sprintf '%%%02x', ord $1/ge;
            push @words, "$path:" . join ',', sort { $a <=> $b } keys %{$seen{$file}};
        }
        print STDERR "\n@words\n";
    }
    $? = $code;
}
package main;
$0 = shift @ARGV;
do $0;
die $@ if $@;
