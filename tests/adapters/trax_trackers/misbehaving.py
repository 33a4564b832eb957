"""A TraX tracker that goes wrong in the way that its argument names. Speaks the wire by hand, to be able to."""

import os
import signal
import subprocess
import sys
import time

HELLO = '@@TRAX:hello "trax.version=4" "trax.image=path;" "trax.region=rectangle;" "trax.channels=color;"\n'


def say(line: str) -> None:
    sys.stdout.write(line)
    sys.stdout.flush()


def forever() -> None:
    time.sleep(600)


fault = sys.argv[1]
if os.path.isfile(fault):  # a fault that can be mended while the command stays as it is
    with open(fault) as file:
        fault = file.read().strip()
sys.stderr.write(f"about to show the fault {fault}\n")
sys.stderr.flush()
if fault == "never-hello":
    forever()
if fault == "dies-before-hello":
    sys.exit(7)
if fault == "junk-instead-of-hello":
    say("nothing that TraX knows\n" * 5)
    forever()
if fault == "floods":
    while True:
        say("x" * 65536)
say("@@TRAX:hello\n" if fault == "hello-alone" else HELLO)
if fault == "speaks-unasked":
    say('@@TRAX:state "9.0,2.0,30.0,40.0"\n')
if fault in {"leaves-child", "hangs-and-leaves-child"}:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open(sys.argv[2], "w") as file:
        file.write(f"{os.getpid()} {child.pid}\n")
frames = 0
for line in sys.stdin:
    if line.startswith("@@TRAX:initialize"):
        if fault == "dies-in-initialize":
            sys.exit(3)
        if fault in {"hangs-in-initialize", "hangs-and-leaves-child"}:
            forever()
        frames = 0
        if fault == "hello-alone":
            frames = 1
            say('@@TRAX:state "1.0,2.0,30.0,40.0"\n')
    elif line.startswith("@@TRAX:frame"):
        frames += 1
        # The first frame of TraX 4 travels with the initialisation.
        if frames == 1:
            say('@@TRAX:state "1.0,2.0,30.0,40.0"\n')
            continue
        if fault == "dies-in-frame" and frames == 3:
            sys.exit(5)
        if fault == "killed-in-frame" and frames == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "hangs-in-frame" and frames == 3:
            forever()
        if fault == "floods-in-frame" and frames == 3:
            for _ in range(300):
                say("x" * 65536)
            say("\n")
        if fault == "junk-in-frame" and frames == 3:
            say("@@TRAX:nonsense\n")
            forever()
        if fault.startswith("raw:") and frames == 3:
            sys.stdout.flush()
            sys.stdout.buffer.write(bytes.fromhex(fault.removeprefix("raw:")))
            sys.stdout.flush()
            continue
        if fault == "nonsense-once" and frames == 3 and not os.path.exists(sys.argv[2]):
            open(sys.argv[2], "w").close()
            say('@@TRAX:state ""\n')
            continue
        if fault == "answers-twice" and frames == 3:
            say('@@TRAX:state "9.0,2.0,30.0,40.0"\n' * 2)
            continue
        if fault == "answers-twice-later" and frames == 3:
            say('@@TRAX:state "9.0,2.0,30.0,40.0"\n')
            time.sleep(0.3)
            say('@@TRAX:state "9.0,2.0,30.0,40.0"\n')
            continue
        if fault == "nan":
            say('@@TRAX:state "nan,nan,nan,nan"\n')
            continue
        if fault == "three-values":
            say('@@TRAX:state "1.0,2.0,3.0"\n')
            continue
        say('@@TRAX:state "1.0,2.0,30.0,40.0" "confidence=0.75"\n')
    elif line.startswith("@@TRAX:quit"):
        if fault == "ignores-quit":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            forever()
        sys.exit(0)
