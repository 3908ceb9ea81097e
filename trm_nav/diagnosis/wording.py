"""What the findings say, as templates of `str.format`.

They are data, so that a page without Python says the same: the course exports them. A template has names, and after
some of them one of the formats .0%, .1f, .2f and .3f.
"""

EVIDENCE = {
    # Parts of the others.
    "guessing": "guessing costs {guess:.2f}",
    "guessing at worst": "guessing costs at most {guess:.2f}",
    "accuracies": "accuracy {train_acc:.0%} in training, {val_acc:.0%} on held-out mazes",
    # The faults.
    "no number": "the loss is no longer a number",
    "diverging": "the training loss rose to {highest:.1f} nats, where {guessing}, and is {last:.2f} in the last epoch",
    "validation loss rises": "training loss still falls, validation loss has risen {risen:.0%}; {accuracies}",
    "gap": "{accuracies}; validation loss {ratio:.1f} times the training loss",
    "memorised": "nearly every training maze is right, but {wrong:.0%} of the held-out mazes are wrong: "
    "the network remembers answers instead of a rule",
    "rise": "the training loss rose, to {loss:.2f} nats, before it fell again",
    "up and down": "the {name} loss goes up and down, by up to {most:.2f} nats from one epoch to the next",
    "different mazes": "guessing costs {train:.2f} nats on the training mazes and {val:.2f} on the held-out ones: "
    "they are not drawn alike",
    "stuck at chance": "{accuracies}, where one and the same action everywhere has {guess:.0%}",
    "crawling": "after {early} of {epochs} epochs the training loss is {loss:.2f} nats, where {guessing}, "
    "and in the last epoch {last:.2f}: it falls steadily but slowly",
    # What can be said of a run without a fault.
    "so far": "nothing is wrong so far",
    "too short to say": "{epochs} epochs have no shape yet; {shortest} or more have one",
    "too noisy to say": "the validation loss wanders by {wobble:.0%} from epoch to epoch, and changed by {fell:.0%} "
    "in the last {epochs} epochs",
    "still improving": "the validation loss fell by {fell:.0%} in the last {epochs} epochs; {accuracies}",
    "underfitting": "both losses stay high and flat, {train:.2f} and {val:.2f} nats, where {guessing}; {accuracies}",
    "healthy": "both losses fell together, to {train:.3f} and {val:.3f} nats; {accuracies}",
}
