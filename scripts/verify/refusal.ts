/** Why a load balancer is left alone. The message is for a person. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}

/** A call without which a question cannot be decided was refused, or its answer says nothing. */
export class Undecided extends Error {
  override readonly name = 'Undecided'
}
